/** How this computer is connected: what needs attention, every peer and path, and this device itself. */
import type { ReactNode } from 'react';
import { dismissProblem } from '~/api/actions';
import { ownUrl, sentenceOf, silent } from '~/api/client';
import { usePeople, useSpaces, useStatus } from '~/api/queries';
import { useStore } from '~/api/store';
import type { Peer, Problem, Status } from '~/api/types';
import { Avatar } from '~/kit/Avatar';
import { Button, IconButton } from '~/kit/Button';
import { EmptyState, Loading } from '~/kit/EmptyState';
import {
  formatExact,
  formatRate,
  formatRtt,
  formatSince,
  formatSize,
  formatWhen,
  listNames,
} from '~/kit/format';
import { copyText, useNow, usePhone } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Pill } from '~/kit/Pill';
import { Name } from '~/kit/Text';
import { plainName, plainText } from '~/kit/text';
import { tell, tellFailure } from '~/kit/toast';
import { PaneHeader } from '~/parts/PaneHeader';
import { pathMeaning, pathWord, peersWord } from '~/parts/words';

const rank = { direct: 0, relay: 1, none: 2 };

export function NetworkPane() {
  // Rates and round trips change all the time and come with no event.
  const status = useStatus(2000).data;
  const now = useNow();
  const down = useStore(silent);
  if (status === undefined) return <Loading />;
  const peers = [...status.peers]
    .sort((a, b) => rank[a.path] - rank[b.path] || labelOf(a).localeCompare(labelOf(b)))
    .map((peer) => (down ? { ...peer, rtt_ms: null, receive_rate: 0, send_rate: 0 } : peer));
  return (
    <>
      <PaneHeader
        title="Network"
        about={
          <>
            <Name>{status.device_name}</Name>
            {!down && ` · ${peersWord(status.peers)}`}
          </>
        }
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto w-full max-w-[948px] px-6 pt-3 pb-10 phone:px-4">
          {status.problems.length > 0 && (
            <section aria-label="Needs attention" className="mb-4 flex flex-col gap-2">
              {status.problems.map((problem) => (
                <ProblemNote key={problem.id} problem={problem} now={now} />
              ))}
            </section>
          )}
          <section aria-label="Devices" className="@container">
            {peers.length === 0 ? (
              <EmptyState icon="network" title="Nobody to connect to yet">
                As soon as you share a space, the devices of its members appear here.
              </EmptyState>
            ) : (
              <Peers peers={peers} now={now} />
            )}
          </section>
          <ThisDevice status={status} now={now} />
        </div>
      </div>
    </>
  );
}

const labelOf = (peer: Peer) => peer.name ?? peer.device.slice(0, 8);

function ProblemNote({ problem, now }: { problem: Problem; now: number }) {
  const error = problem.severity === 'error';
  return (
    <div
      className={`flex items-start gap-3 rounded-card py-2.5 pr-2 pl-3.5 text-[14px]/5 ${error ? 'bg-need-soft text-need' : 'bg-wait-soft text-wait'}`}
    >
      <Icon name={error ? 'alert' : 'clock'} className="mt-[7px]" />
      <div className="min-w-0 flex-1 py-1.5">
        <p className="[overflow-wrap:anywhere]">{plainText(problem.text)}</p>
        <p className="mt-0.5 text-small opacity-90">
          {plainText(problem.hint)}{' '}
          <span title={formatExact(problem.at)}>({formatWhen(problem.at, now)})</span>
        </p>
      </div>
      <IconButton
        icon="close"
        label="Dismiss"
        className="text-inherit! hover:bg-transparent! hover:opacity-70"
        onClick={() =>
          void dismissProblem(problem).catch((cause: unknown) => tellFailure(sentenceOf(cause)))
        }
      />
    </div>
  );
}

function PathPill({ peer }: { peer: Peer }) {
  const path = useStore(silent) ? 'unknown' : peer.path;
  return (
    <Pill
      meaning={pathMeaning[path]}
      icon={path === 'relay' ? 'network' : path === 'direct' ? 'check' : null}
    >
      {path === 'none' && peer.refuses ? 'refuses' : pathWord(path, peer.lan)}
    </Pill>
  );
}

function PeerAvatar({ peer, size }: { peer: Peer; size: 's' | 'l' }) {
  const person = usePeople().get(peer.person ?? '');
  const known = peer.path === 'direct' ? 'online' : peer.path === 'relay' ? 'relay' : 'offline';
  const presence = useStore(silent) ? 'unknown' : known;
  return (
    <Avatar
      name={peer.person_name ?? labelOf(peer)}
      hue={person?.hue ?? 0}
      picture={ownUrl(person?.picture)}
      size={size}
      presence={presence}
    />
  );
}

function Peers({ peers, now }: { peers: Peer[]; now: number }) {
  const phone = usePhone();
  const down = useStore(silent);
  const spaces = useSpaces().data ?? [];
  const about = (peer: Peer) => {
    const names = spaces
      .filter(({ space }) => peer.spaces.includes(space))
      .map(({ name }) => plainName(name));
    return names.length === 0 ? undefined : `In ${listNames(names, 3)}`;
  };
  const traffic = ({ receive_rate, send_rate }: Peer) =>
    (receive_rate >= 1000 ? ` · in ${formatRate(receive_rate)}` : '') +
    (send_rate >= 1000 ? ` · out ${formatRate(send_rate)}` : '');
  const heard = (peer: Peer) =>
    peer.path !== 'none'
      ? down
        ? '–'
        : 'now'
      : peer.last_seen === null
        ? 'never'
        : formatWhen(peer.last_seen, now);
  if (phone) {
    return (
      <ul>
        {peers.map((peer) => (
          <li
            key={peer.device}
            className="flex items-center gap-3 border-b border-soft py-2.5 [--around:var(--raised)]"
          >
            <PeerAvatar peer={peer} size="l" />
            <div className="min-w-0 flex-1">
              <div className="truncate font-medium">
                <Name>{labelOf(peer)}</Name>
              </div>
              <div className="truncate text-tiny text-text-3 nums">
                {peer.person_name === null ? 'not introduced yet' : <Name>{peer.person_name}</Name>}
                {traffic(peer)}
              </div>
            </div>
            <div className="flex-none text-right">
              <PathPill peer={peer} />
              <div className="mt-0.5 text-tiny text-text-3 nums">
                {peer.path === 'none' ? `heard ${heard(peer)}` : !down && formatRtt(peer.rtt_ms)}
              </div>
            </div>
          </li>
        ))}
      </ul>
    );
  }
  const head = 'whitespace-nowrap px-3 py-2 text-tiny font-medium text-text-3 border-b border-line';
  const cell = 'border-b border-soft px-3 py-2 whitespace-nowrap nums';
  return (
    <table className="-mx-3 w-[calc(100%+24px)] table-fixed border-collapse text-[14px] [--around:var(--raised)]">
      <thead>
        <tr className="text-left">
          <th scope="col" className={head}>
            Device
          </th>
          <th scope="col" className={`${head} w-44 @max-md:w-40`}>
            Path
          </th>
          <th scope="col" className={`${head} w-24 text-right @max-md:hidden`}>
            Round trip
          </th>
          <th scope="col" className={`${head} w-24 text-right @max-xl:hidden`}>
            In
          </th>
          <th scope="col" className={`${head} w-24 text-right @max-xl:hidden`}>
            Out
          </th>
          <th scope="col" className={`${head} w-32 @max-2xl:hidden`}>
            Last heard
          </th>
        </tr>
      </thead>
      <tbody>
        {peers.map((peer) => (
          <tr key={peer.device} className="group">
            <td className={`${cell} group-hover:bg-panel`} title={about(peer)}>
              <div className="flex items-center gap-2.5">
                <PeerAvatar peer={peer} size="s" />
                <div className="min-w-0">
                  <div className="truncate font-medium">
                    <Name>{labelOf(peer)}</Name>
                  </div>
                  <div className="truncate text-tiny text-text-3">
                    {peer.person_name === null ? (
                      'not introduced yet'
                    ) : (
                      <Name>{peer.person_name}</Name>
                    )}
                  </div>
                </div>
              </div>
            </td>
            <td className={`${cell} group-hover:bg-panel`}>
              <PathPill peer={peer} />
              {peer.address !== null && (
                <div
                  className="mt-0.5 truncate text-tiny text-text-3"
                  title={plainText(peer.address)}
                >
                  {plainText(peer.address)}
                </div>
              )}
            </td>
            <td className={`${cell} text-right group-hover:bg-panel @max-md:hidden`}>
              {formatRtt(peer.rtt_ms)}
            </td>
            <td
              className={`${cell} text-right group-hover:bg-panel @max-xl:hidden`}
              title={`${formatSize(peer.received_bytes)} in all`}
            >
              {formatRate(peer.receive_rate)}
            </td>
            <td
              className={`${cell} text-right group-hover:bg-panel @max-xl:hidden`}
              title={`${formatSize(peer.sent_bytes)} in all`}
            >
              {formatRate(peer.send_rate)}
            </td>
            <td
              className={`${cell} group-hover:bg-panel @max-2xl:hidden`}
              title={peer.last_seen === null ? undefined : formatExact(peer.last_seen)}
            >
              {heard(peer)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ThisDevice({ status, now }: { status: Status; now: number }) {
  const { relay } = status;
  const down = useStore(silent);
  const report = () =>
    copyText(JSON.stringify(status, null, 2)).then((done) =>
      tell(done ? 'Copied, with every technical detail.' : 'Copying did not work here.'),
    );
  return (
    <section aria-labelledby="this-device" className="mt-8">
      <div className="flex items-center justify-between gap-3">
        <h2 id="this-device" className="text-body font-semibold">
          This device
        </h2>
        <Button icon="copy" onClick={() => void report()}>
          Copy details
        </Button>
      </div>
      <dl className="mt-2 grid grid-cols-[128px_minmax(0,1fr)] gap-x-4 gap-y-2 text-[14px]/5 nums phone:grid-cols-[104px_minmax(0,1fr)]">
        <Fact word="Name">
          <Name>{status.device_name}</Name>
        </Fact>
        <Fact word="Id">
          <code className="font-mono text-[12px] text-text-2">{status.device}</code>
        </Fact>
        <Fact word="Listens at">
          {status.listening.length === 0
            ? 'nowhere: others cannot reach this device directly'
            : status.listening.map((address) => <div key={address}>{address}</div>)}
        </Fact>
        <Fact word="Local network">
          {status.lan_discovery
            ? 'finds and is found by members on the same network'
            : 'does not look around on the local network'}
        </Fact>
        <Fact word="Relay">
          {relay === null ? (
            'none; devices that cannot reach each other directly wait for each other'
          ) : (
            <span className="flex flex-wrap items-center gap-2">
              <span className="[overflow-wrap:anywhere]">{plainText(relay.url)}</span>
              {!down && (
                <Pill meaning={relay.connected ? 'held' : 'wait'}>
                  {relay.connected ? 'connected' : 'not reached'}
                </Pill>
              )}
            </span>
          )}
        </Fact>
        <Fact word="Running">
          <span title={formatExact(status.started)}>since {formatSince(status.started, now)}</span>,
          version {status.version}
        </Fact>
      </dl>
    </section>
  );
}

const Fact = ({ word, children }: { word: string; children: ReactNode }) => (
  <>
    <dt className="text-text-3">{word}</dt>
    <dd className="[overflow-wrap:anywhere]">{children}</dd>
  </>
);
