/** A space as a folder: what it will be, how far it is, and where it lies in the end. */
import { useState } from 'react';
import { sentenceOf } from '~/api/client';
import { cancelJob, exportSpace, useJob } from '~/api/jobs';
import type { Job, Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { formatSize, percent, plural } from '~/kit/format';
import { copyText, useAction } from '~/kit/hooks';
import { Progress } from '~/kit/Progress';
import { plainName } from '~/kit/text';
import { tell, tellFailure } from '~/kit/toast';

export function ExportDialog({ space, onClose }: { space: Space; onClose: () => void }) {
  const [files, setFiles] = useState(true);
  const [id, setId] = useState<string | null>(null);
  const job = useJob(id).data;
  const begin = useAction(
    async () => setId((await exportSpace(space.space, files)).id),
    sentenceOf,
  );
  const running = job?.state === 'running';
  const done = job?.state === 'done';
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Export ${plainName(space.name)}`}
      about="A folder that anybody can read without Compeer, and that Compeer takes in again."
      footer={
        done ? (
          <Button kind="primary" onClick={onClose}>
            Done
          </Button>
        ) : running ? (
          <>
            <Button onClick={() => void cancelJob(job.id).catch(failed)}>Cancel export</Button>
            <Button kind="primary" onClick={onClose}>
              Go on in the background
            </Button>
          </>
        ) : (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="primary" busy={begin.busy} onClick={() => void begin.run()}>
              {job === undefined ? 'Export' : 'Try again'}
            </Button>
          </>
        )
      }
    >
      <div className="flex flex-col gap-3 text-[14px]/[21px] text-text-2">
        {done ? (
          <Exported job={job} />
        ) : running ? (
          <JobProgress job={job} label="Writing the folder" />
        ) : (
          <>
            <p>
              Messages as Markdown, issues as a table, boards as drawings and pictures, with all
              that was changed and by whom. It is written on this computer.
            </p>
            <Check checked={files} onChange={setFiles}>
              With the files that are on this computer
            </Check>
            <JobEnd job={job} />
          </>
        )}
        {begin.error !== undefined && (
          <p role="alert" className="text-need">
            {begin.error}
          </p>
        )}
      </div>
    </Dialog>
  );
}

const failed = (error: unknown) => tellFailure(sentenceOf(error));

/** How it ended, where that needs a word. */
export function JobEnd({ job }: { job: Job | undefined }) {
  if (job?.state === 'cancelled')
    return <p role="status">It was cancelled. Nothing of it is left.</p>;
  if (job?.state !== 'failed') return null;
  return (
    <p role="alert" className="text-need">
      {job.error?.detail} {job.error?.hint}
    </p>
  );
}

export function JobProgress({ job, label }: { job: Job; label: string }) {
  return (
    <div role="status" className="flex flex-col gap-2">
      <p>
        {label}
        {job.all > 0 && <span className="nums">: {percent(job.done, job.all)} %</span>}
      </p>
      {job.all > 0 ? (
        <Progress label={label} value={percent(job.done, job.all)} />
      ) : (
        <Progress label={label} />
      )}
    </div>
  );
}

function Exported({ job }: { job: Job }) {
  const copy = async () => {
    if (await copyText(job.path)) tell('Copied.');
    else tellFailure('This browser does not let the page copy. Select the path instead.');
  };
  return (
    <>
      <p role="status" className="text-text">
        It is there: {formatSize(job.bytes)}
        {job.files > 0 && <>, with {plural(job.files, 'file')}</>}.
      </p>
      <p className="rounded-control border border-line bg-soft px-3 py-2 font-mono text-[13px]/5 break-all text-text select-all">
        {job.path}
      </p>
      <div>
        <Button icon="copy" onClick={() => void copy()}>
          Copy path
        </Button>
      </div>
      {job.missing > 0 && (
        <p>
          {plural(job.missing, 'file')} {job.missing === 1 ? 'is' : 'are'} listed in it and not part
          of it. Fetch a file here before an export to take it along.
        </p>
      )}
      <p>
        Its README explains it. To see later whether it is unchanged:{' '}
        <code className="font-mono text-[13px]">compeer export verify</code>
      </p>
    </>
  );
}

export function Check({
  checked,
  onChange,
  children,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: string;
}) {
  return (
    <label className="flex min-h-8 items-center gap-2.5 text-text touch:min-h-11">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
        className="size-4 flex-none accent-accent"
      />
      {children}
    </label>
  );
}
