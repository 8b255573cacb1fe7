/** What stands between a browser and the page: not signed in, not running, not introduced yet. */
import { useEffect, useState, type ReactNode } from 'react';
import { ApiError, commandIn, connection, request, sentenceOf, Unreachable } from '~/api/client';
import { useStatus } from '~/api/queries';
import { useStore } from '~/api/store';
import type { Status } from '~/api/types';
import { Mark } from '~/features/first-run/Mark';
import { Button } from '~/kit/Button';
import { Loading } from '~/kit/EmptyState';
import { copyText } from '~/kit/hooks';
import { FirstRun } from './apart';

export function Gate({ children }: { children: ReactNode }) {
  const { expired } = useStore(connection);
  const { data, error, refetch } = useStatus();
  // Whoever is in needs no word about the link they came by, now or after signing out.
  const inside = !expired && data !== undefined;
  useEffect(() => {
    if (inside && linkCame() !== null) history.replaceState(history.state, '', location.pathname);
  }, [inside]);
  if (expired) return <SignedOut />;
  if (data) return data.person === null ? <FirstRun status={data} /> : children;
  if (error instanceof Unreachable) return <NotRunning retry={() => void refetch()} />;
  if (error) {
    return (
      <Page title="Compeer does not answer as it should">
        <p>{sentenceOf(error)}</p>
        <Button onClick={() => void refetch()}>Try again</Button>
      </Page>
    );
  }
  return (
    <main className="flex h-full">
      <Loading label="Opening Compeer" />
    </main>
  );
}

/** What was wrong with the sign-in link that led here, if one did: the node says it in the address. */
function linkCame(): 'used' | 'old' | null {
  const link = new URLSearchParams(location.search).get('link');
  return link === 'used' || link === 'old' ? link : null;
}

/** Why one is outside, and what the command does about it. */
const outside = {
  used: {
    title: 'This link was used already',
    words:
      'A sign-in link works once, for one browser. To get a new one, run this in a terminal on this computer; it opens the page.',
  },
  old: {
    title: 'This link is no longer good',
    words:
      'A sign-in link works once, within a minute. To get a new one, run this in a terminal on this computer; it opens the page.',
  },
  none: {
    title: 'This browser is not signed in',
    words:
      'Only you shall get in, so it takes a link from this computer. Run this in a terminal on it; that opens the page, signed in.',
  },
};

function SignedOut() {
  const [command, setCommand] = useState('compeer open');
  // Signing in happens in another tab; whoever comes back to this one finds it working.
  useEffect(() => {
    const look = () => {
      if (document.visibilityState !== 'visible') return;
      request<Status>('GET', '/status').then(
        () => location.reload(),
        (error: unknown) => {
          const named = error instanceof ApiError ? commandIn(error.hint) : null;
          if (named !== null) setCommand(named);
        },
      );
    };
    // Only the node knows how it is called here.
    look();
    addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, []);
  const { title, words } = outside[linkCame() ?? 'none'];
  return (
    <Page title={title}>
      <p>{words}</p>
      <CommandLine command={command} />
      <p className="text-small text-text-3">
        Nothing is lost: Compeer keeps running and receiving in the meantime.
      </p>
    </Page>
  );
}

function NotRunning({ retry }: { retry: () => void }) {
  useEffect(() => {
    const timer = setInterval(retry, 2000);
    return () => clearInterval(timer);
  }, [retry]);
  return (
    <Page title="Compeer is not running">
      <p>
        This page is served by the Compeer on this computer, and it does not answer. Start it, and
        the page comes back by itself.
      </p>
      <CommandLine command="compeer up" />
    </Page>
  );
}

function CommandLine({ command }: { command: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div className="flex items-center gap-2 rounded-card border border-line bg-panel py-1.5 pr-1.5 pl-4">
      <code className="min-w-0 flex-1 text-left font-mono text-[14px] [overflow-wrap:anywhere]">
        {command}
      </code>
      <Button
        icon={copied ? 'check' : 'copy'}
        onClick={() => void copyText(command).then(setCopied)}
      >
        {copied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  );
}

const Page = ({ title, children }: { title: string; children: ReactNode }) => (
  <main className="grid h-full place-items-center overflow-y-auto bg-raised p-6">
    <div className="flex w-full max-w-md flex-col gap-4 text-text-2">
      <Mark size={44} />
      <h1 className="text-title font-semibold text-text">{title}</h1>
      {children}
    </div>
  </main>
);
