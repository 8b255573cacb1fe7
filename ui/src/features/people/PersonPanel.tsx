/** One member: their devices and paths, what they may do here, and their removal. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { changeLevel, directTalk } from '~/api/actions';
import { sentenceOf, silent } from '~/api/client';
import { useMembers } from '~/api/queries';
import { useStore } from '~/api/store';
import type { Level, Member, MemberDevice, Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Loading } from '~/kit/EmptyState';
import { Choice } from '~/kit/Field';
import { formatCount, formatExact, formatRtt, formatSince } from '~/kit/format';
import { useAction, useNow } from '~/kit/hooks';
import { PresenceDot } from '~/kit/Avatar';
import { Icon } from '~/kit/Icon';
import { Pill } from '~/kit/Pill';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { tellFailure, tellUndoable } from '~/kit/toast';
import { showDialog } from '~/parts/dialogs';
import { GuestMark } from '~/parts/Guests';
import { MemberAvatar } from '~/parts/PersonRow';
import {
  awaySince,
  deviceState,
  levelNotes,
  levelWords,
  pathMeaning,
  pathWord,
  unknownWord,
  type KnownPath,
} from '~/parts/words';

export function PersonPanel({ space, person }: { space: Space; person: string }) {
  const members = useMembers(space.space, 10_000).data;
  const now = useNow();
  const down = useStore(silent);
  const member = members?.find((item) => item.person === person);
  const navigate = useNavigate();
  const {
    run: talk,
    busy,
    error,
  } = useAction(async () => {
    const { space: id } = await directTalk([person]);
    await navigate({ to: '/s/$space/chat', params: { space: id } });
  }, sentenceOf);
  useEffect(() => {
    if (error !== undefined) tellFailure(error);
  }, [error]);
  if (member === undefined) {
    return members ? (
      <p className="p-4 text-text-2">This person is no longer in the space.</p>
    ) : (
      <Loading />
    );
  }
  const noun = space.room ? 'room' : 'space';
  // Members of a space are in its rooms by themselves, with the same rights.
  const manages = space.level === 'manage' && !member.me && (!space.room || member.guest);
  return (
    <div className="flex flex-col gap-5 p-4">
      <div className="flex items-center gap-4">
        <MemberAvatar member={member} size="xl" quiet />
        <div className="min-w-0">
          <div className="text-[17px]/6 font-semibold [overflow-wrap:anywhere]">
            <Name>{member.name}</Name>
          </div>
          {member.guest && <GuestMark />}
          <div className="text-small text-text-2">
            {member.me ? 'This is you · ' : down ? '' : `${stateWord(member, now)} · `}
            {levelWords[member.level]}
          </div>
          <div className="text-small text-text-3" title={formatExact(member.joined)}>
            in this {noun} since {formatSince(member.joined, now)}
          </div>
        </div>
      </div>
      {!member.me && !(space.direct && space.members === 2) && (
        <Button
          icon="chat"
          busy={busy}
          onClick={() => void talk()}
          className="self-start"
        >{`Message ${plainName(member.name).split(' ')[0] ?? ''}`}</Button>
      )}
      <section>
        <h3 className="mb-1 text-small font-semibold">
          {member.devices.length === 1 ? 'Device' : 'Devices'}
        </h3>
        <ul>
          {member.devices.map((device) => (
            <Device key={device.device} device={device} now={now} />
          ))}
        </ul>
      </section>
      {space.room && !member.guest && (
        <p className="text-small text-text-3">
          Members of the space are in its rooms by themselves, with the same rights.
        </p>
      )}
      {manages && (
        <>
          <section>
            <h3 className="mb-2 text-small font-semibold">In this {noun}</h3>
            <Choice<Level>
              label={`What ${plainName(member.name)} may do in this ${noun}`}
              labelHidden
              value={member.level}
              options={[
                { value: 'read', label: 'Read' },
                { value: 'write', label: 'Write' },
                ...(member.guest ? [] : [{ value: 'manage', label: 'Manage' } as const]),
              ]}
              hint={levelNotes[member.level]}
              onChange={(level) => setLevel(space.space, member, level)}
            />
          </section>
          <div className="border-t border-line pt-4">
            <Button
              icon="trash"
              className="text-need!"
              onClick={() => showDialog({ kind: 'remove-member', space: space.space, person })}
            >
              Remove from this {noun}…
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

function setLevel(space: string, member: Member, level: Level): void {
  changeLevel(space, member.person, level).then(
    () =>
      tellUndoable(`${plainName(member.name)} ${levelWords[level]} now.`, null, () => {
        changeLevel(space, member.person, member.level).catch((error: unknown) =>
          tellFailure(sentenceOf(error)),
        );
      }),
    (error: unknown) => tellFailure(sentenceOf(error), () => setLevel(space, member, level)),
  );
}

/** Whether somebody is at any of their devices, at the start of a line. */
function stateWord(member: Member, now: number): string {
  const since = awaySince(member);
  if (since !== null) return `Away since ${formatSince(since, now)}`;
  return member.presence === 'online' ? 'Online' : 'Offline';
}

function Device({ device, now }: { device: MemberDevice; now: number }) {
  const down = useStore(silent);
  const own = device.path === 'self';
  const path: KnownPath = down && !own ? 'unknown' : device.path;
  const rtt = device.rtt_ms === null ? '' : ` · ${formatRtt(device.rtt_ms)}`;
  const { presence, word } = deviceState(device, now);
  return (
    <li className="flex items-start gap-2.5 py-1.5">
      <Icon name="device" className="mt-0.5 text-text-3" />
      <div className="min-w-0 flex-1">
        <div className="truncate text-[14px]/5">
          <Name>{device.name}</Name>
        </div>
        <div className="flex items-baseline gap-1.5 text-tiny text-text-3 nums">
          <PresenceDot presence={path === 'unknown' ? 'unknown' : presence} />
          <span>
            {path === 'unknown' ? unknownWord : `${word}${rtt}`}
            {own
              ? ''
              : device.has_all
                ? ' · has all'
                : ` · ${formatCount(device.missing)} waiting for it`}
          </span>
        </div>
      </div>
      <Pill meaning={pathMeaning[path]} icon={path === 'relay' ? 'network' : null}>
        {pathWord(path)}
      </Pill>
    </li>
  );
}
