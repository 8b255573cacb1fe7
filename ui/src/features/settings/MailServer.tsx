/** The mail server that invitations are sent through. */
import { useState } from 'react';
import { forgetMail, saveMail, testMail } from '~/api/actions';
import { sentenceOf } from '~/api/client';
import { useMail } from '~/api/queries';
import type { MailSecurity, MailSettings } from '~/api/types';
import { Button } from '~/kit/Button';
import { Choice, TextField } from '~/kit/Field';
import { useAction } from '~/kit/hooks';
import { tell } from '~/kit/toast';
import { Section } from './Section';

const ports: Record<MailSecurity, string> = { tls: '465', starttls: '587', none: '25' };

export function MailServer() {
  const mail = useMail().data;
  const [editing, setEditing] = useState(false);
  if (mail === undefined) return null;
  return (
    <Section title="Mail">
      {editing ? (
        <Form mail={mail} onDone={() => setEditing(false)} />
      ) : (
        <Shown mail={mail} onEdit={() => setEditing(true)} />
      )}
    </Section>
  );
}

function Shown({ mail, onEdit }: { mail: MailSettings; onEdit: () => void }) {
  const [sent, setSent] = useState('');
  const { run, busy, error } = useAction(async () => {
    setSent('');
    setSent((await testMail()).to);
  }, sentenceOf);
  const { run: forget } = useAction(async () => {
    await forgetMail();
    tell('The mail server and its password are forgotten.');
  }, sentenceOf);
  return (
    <>
      <p className="-mt-2 text-[14px]/5 text-text-2 [overflow-wrap:anywhere]">
        {mail.set
          ? `Invitations are sent by ${mail.host} from ${mail.from}.`
          : 'Invitations can be sent by your own mail server. Without one, each is made ready for your own mail program.'}
      </p>
      <div className="-mt-2 flex flex-wrap items-center gap-2">
        <Button onClick={onEdit}>{mail.set ? 'Change…' : 'Set a mail server…'}</Button>
        {mail.set && (
          <>
            <Button busy={busy} onClick={() => void run()}>
              Send me a test
            </Button>
            <Button kind="ghost" onClick={() => void forget()}>
              Forget it
            </Button>
          </>
        )}
      </div>
      <div role="status" className={`-mt-2 text-small ${error ? 'text-need' : 'text-text-3'}`}>
        {error ?? (sent === '' ? '' : `The server has taken a mail to ${sent}.`)}
      </div>
    </>
  );
}

function Form({ mail, onDone }: { mail: MailSettings; onDone: () => void }) {
  const [host, setHost] = useState(mail.host);
  const [security, setSecurity] = useState<MailSecurity>(mail.security);
  const [port, setPort] = useState(mail.set ? String(mail.port) : ports[mail.security]);
  const [user, setUser] = useState(mail.user ?? '');
  const [password, setPassword] = useState('');
  const [from, setFrom] = useState(mail.from);
  const { run, busy, error } = useAction(async () => {
    await saveMail({
      host: host.trim(),
      // What is no number is told by the node.
      port: Number.parseInt(port, 10) || 0,
      security,
      from: from.trim(),
      ...(user.trim() === '' ? {} : { user: user.trim() }),
      ...(password === '' ? {} : { password }),
    });
    tell('Saved.');
    onDone();
  }, sentenceOf);
  const kept = mail.has_password && host.trim() === mail.host && user.trim() === mail.user;
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <TextField
        label="Server"
        value={host}
        onChange={setHost}
        placeholder="mail.example.org"
        hint="What your provider calls outgoing mail, or SMTP."
        required
        maxLength={255}
      />
      <Choice<MailSecurity>
        label="Connection"
        value={security}
        onChange={(next) => {
          // A port that somebody typed stays.
          if (port === ports[security]) setPort(ports[next]);
          setSecurity(next);
        }}
        options={[
          { value: 'starttls', label: 'STARTTLS' },
          { value: 'tls', label: 'TLS' },
          { value: 'none', label: 'None' },
        ]}
        hint={
          security === 'none'
            ? 'Only for a server on this computer.'
            : 'Nothing is sent if the server cannot do it.'
        }
      />
      <TextField label="Port" inputMode="numeric" value={port} onChange={setPort} maxLength={5} />
      <TextField
        label="User"
        value={user}
        onChange={setUser}
        hint="Leave it empty if the server does not ask."
        maxLength={255}
      />
      {user.trim() !== '' && (
        <TextField
          label="Password"
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
          hint={
            kept
              ? 'Leave it empty to keep the one that is set.'
              : 'Kept on this computer, readable by you alone, and sent over a secure connection only.'
          }
          maxLength={1024}
        />
      )}
      <TextField
        label="Mails come from"
        type="email"
        value={from}
        onChange={setFrom}
        placeholder="you@example.org"
        required
        maxLength={254}
      />
      {error !== undefined && (
        <p role="alert" className="text-small text-need">
          {error}
        </p>
      )}
      <div className="flex gap-2">
        <Button type="submit" kind="primary" busy={busy}>
          Save
        </Button>
        <Button onClick={onDone}>Cancel</Button>
      </div>
    </form>
  );
}
