/** A fresh invitation, in the three forms it can travel in: text, file, picture. */
import { useState } from 'react';
import type { InvitationMail, NewInvitation } from '~/api/types';
import { Button } from '~/kit/Button';
import { formatExact, formatUntil, plural } from '~/kit/format';
import { Icon } from '~/kit/Icon';
import { copyText, saveAs } from '~/kit/hooks';
import { levelWords } from './words';

/**
 * The code as an image: as markup in the page it could carry anything, as an image it can only be
 * looked at. White around it in both themes, or cameras do not find it.
 */
export function Qr({ svg }: { svg: string }) {
  return (
    <img
      src={`data:image/svg+xml,${encodeURIComponent(svg)}`}
      alt="The invitation as a QR code"
      className="size-52 flex-none phone:size-64 rounded-control border border-line bg-white p-1"
    />
  );
}

/** What became of its mail. */
function Mailed({ mail }: { mail: InvitationMail }) {
  return (
    <p
      role="status"
      className={`flex items-start gap-2 text-small [overflow-wrap:anywhere] ${mail.sent ? 'text-held' : mail.problem === null ? 'text-text-2' : 'text-need'}`}
    >
      <Icon
        name={mail.sent ? 'check' : mail.problem === null ? 'open' : 'alert'}
        size={16}
        className="mt-px"
      />
      <span>
        {mail.sent
          ? `Sent to ${mail.to}.`
          : mail.problem === null
            ? `A mail to ${mail.to} is ready for your own mail program.`
            : `Not sent to ${mail.to}. ${mail.problem}`}
      </span>
    </p>
  );
}

export function InvitationBox({ invitation, now }: { invitation: NewInvitation; now: number }) {
  const [copied, setCopied] = useState(false);
  const uses = invitation.uses === 1 ? 'once' : plural(invitation.uses, 'time');
  return (
    <div className="flex gap-5 phone:flex-col phone:items-center">
      <Qr svg={invitation.qr_svg} />
      <div className="flex min-w-0 flex-1 flex-col gap-3 phone:w-full">
        {invitation.mail !== null && <Mailed mail={invitation.mail} />}
        <textarea
          readOnly
          rows={6}
          aria-label="Invitation"
          value={invitation.invite}
          onFocus={(event) => event.target.select()}
          className="field-sizing-content max-h-60 w-full resize-none rounded-control border border-line bg-panel p-2.5 font-mono text-[12px]/[18px] break-all text-text-2"
        />
        <div className="flex flex-wrap gap-2">
          <Button
            kind="primary"
            icon={copied ? 'check' : 'copy'}
            onClick={() => void copyText(invitation.invite).then(setCopied)}
          >
            {copied ? 'Copied' : 'Copy'}
          </Button>
          <Button icon="download" onClick={() => saveAs(invitation.file_name, invitation.invite)}>
            Save as file
          </Button>
          {invitation.mail?.sent !== true && (
            <Button icon="open" onClick={() => location.assign(invitation.mailto)}>
              Write a mail
            </Button>
          )}
        </div>
        <p className="text-small text-text-3" title={formatExact(invitation.expires)}>
          Whoever has it {levelWords[invitation.level]} in this space. It works {uses} and ends{' '}
          {formatUntil(invitation.expires, now)}. Send it by a way you trust.
        </p>
        <span role="status" className="sr-only">
          {copied ? 'Copied to the clipboard' : ''}
        </span>
      </div>
    </div>
  );
}
