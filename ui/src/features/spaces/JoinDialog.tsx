/** Joining by invitation: paste it or open the file, see what it is, then say yes. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { joinSpace, previewInvite } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import type { InvitePreview } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { Field, inputLook } from '~/kit/Field';
import { formatUntil } from '~/kit/format';
import { useAction } from '~/kit/hooks';
import { Icon } from '~/kit/Icon';
import { Name } from '~/kit/Text';
import { levelWords } from '~/parts/words';

const mostInvite = 64 * 1024;

export function JoinDialog({ invite: given, onClose }: { invite?: string; onClose: () => void }) {
  const navigate = useNavigate();
  const file = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(given ?? '');
  // Mail programs break long lines; an invitation has no spaces of its own.
  const invite = text.replace(/\s+/g, '');
  const { preview, refusal } = usePreview(invite);
  const { run, busy, error, clear } = useAction(async () => {
    const { space } = preview?.already_member ? preview : await joinSpace(invite);
    onClose();
    await navigate({ to: '/s/$space/chat', params: { space } });
  }, sentenceOf);
  const possible = preview !== null && (!preview.expired || preview.already_member);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Join a space"
      about="Paste the invitation you were sent, or open its .compeer file."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={busy} disabled={!possible} onClick={() => void run()}>
            {preview?.already_member ? 'Go there' : preview?.guest_at ? 'Join as a guest' : 'Join'}
          </Button>
        </>
      }
    >
      <Field label="Invitation" error={error ?? refusal}>
        {(tied) => (
          <textarea
            {...tied}
            rows={4}
            spellCheck={false}
            autoComplete="off"
            placeholder="compeer1…"
            value={text}
            disabled={busy}
            onChange={(event) => {
              clear();
              setText(event.target.value.slice(0, mostInvite));
            }}
            className={`resize-none py-2 font-mono text-[13px]/5! break-all ${inputLook}`}
          />
        )}
      </Field>
      <input
        ref={file}
        type="file"
        accept=".compeer"
        hidden
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          event.target.value = '';
          clear();
          void chosen
            ?.slice(0, mostInvite)
            .text()
            .then((content) => setText(content.trim()));
        }}
      />
      <Button icon="file" className="mt-2" disabled={busy} onClick={() => file.current?.click()}>
        Open a file
      </Button>
      <div role="status" className="mt-4 empty:hidden">
        {preview && <Preview preview={preview} busy={busy} />}
      </div>
    </Dialog>
  );
}

/** Asks the node what an invitation says, once it looks complete. */
function usePreview(invite: string): {
  preview: InvitePreview | null;
  refusal: string | undefined;
} {
  const [answer, setAnswer] = useState<{
    invite: string;
    preview: InvitePreview | null;
    refusal: string | undefined;
  } | null>(null);
  useEffect(() => {
    if (invite === '') return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      previewInvite(invite, stop.signal).then(
        (preview) => setAnswer({ invite, preview, refusal: undefined }),
        (error: unknown) => {
          if (!stop.signal.aborted) {
            setAnswer({ invite, preview: null, refusal: sentenceOf(error) });
          }
        },
      );
    }, 250);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [invite]);
  return answer?.invite === invite ? answer : { preview: null, refusal: undefined };
}

function Preview({ preview, busy }: { preview: InvitePreview; busy: boolean }) {
  const bad = preview.expired && !preview.already_member;
  const at = preview.guest_at;
  return (
    <div
      className={`flex animate-fade items-start gap-3 rounded-card p-3 ${bad ? 'bg-wait-soft text-wait' : 'bg-accent-soft'}`}
    >
      <Icon
        name={bad ? 'clock' : preview.already_member ? 'check' : at ? 'door' : 'invite'}
        className="mt-0.5"
      />
      <div className="min-w-0 text-[14px]/5">
        <div className="font-semibold">
          <Name>{preview.space_name}</Name>
        </div>
        <p>
          {preview.already_member ? (
            `You are in this ${at ? 'room' : 'space'} already.`
          ) : preview.expired ? (
            <>
              This invitation has ended. Ask <Name>{preview.inviter_name}</Name> for a new one.
            </>
          ) : busy ? (
            <>
              Looking for <Name>{preview.inviter_name}</Name>’s computer… this can take up to a
              minute.
            </>
          ) : (
            <>
              <Name>{preview.inviter_name}</Name> invites you{at && ' as a guest'}; you{' '}
              {levelWords[preview.level]}. The invitation ends{' '}
              {formatUntil(preview.expires, Date.now())}.
              {at && (
                <span className="mt-1.5 block">
                  This is a room for one {at}. You see what is in it, also from before you came, and
                  who is in it, and nothing else of the space that it belongs to.
                </span>
              )}
            </>
          )}
        </p>
      </div>
    </div>
  );
}
