/** A new space made of what Compeer, Slack or Zulip exported: choose the archive, wait, look at it. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { sentenceOf } from '~/api/client';
import { cancelJob, importArchive, useJob } from '~/api/jobs';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { formatSize, percent, plural } from '~/kit/format';
import { useAction } from '~/kit/hooks';
import { Progress } from '~/kit/Progress';
import { plainName } from '~/kit/text';
import { tellFailure } from '~/kit/toast';
import { Check, JobEnd, JobProgress } from './ExportDialog';

export function ImportSpaceDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const picker = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [withPrivate, setWithPrivate] = useState(false);
  const [sent, setSent] = useState(0);
  const [id, setId] = useState<string | null>(null);
  const stop = useRef(new AbortController());
  // What is half sent when the dialog closes is of no use.
  useEffect(() => () => stop.current.abort(), []);
  const job = useJob(id).data;
  const begin = useAction(async () => {
    if (file === null) return;
    setSent(0);
    stop.current = new AbortController();
    setId((await importArchive(file, withPrivate, setSent, stop.current.signal)).id);
  }, sentenceOf);
  const running = job?.state === 'running';
  const space = job?.state === 'done' ? job.space : null;
  const open = async () => {
    if (space === null) return;
    onClose();
    await navigate({ to: '/s/$space/chat', params: { space } });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Import a space"
      about="From a ZIP file that Compeer, Slack or Zulip exported. You will be its only member."
      footer={
        space !== null ? (
          <Button kind="primary" onClick={() => void open()}>
            Open the space
          </Button>
        ) : running ? (
          <Button
            onClick={() =>
              void cancelJob(job.id).catch((error: unknown) => tellFailure(sentenceOf(error)))
            }
          >
            Cancel import
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button
              kind="primary"
              busy={begin.busy}
              disabled={file === null}
              onClick={() => void begin.run()}
            >
              Import
            </Button>
          </>
        )
      }
    >
      <div className="flex flex-col gap-3 text-[14px]/[21px] text-text-2">
        {job !== undefined && space !== null ? (
          <div role="status" className="flex flex-col gap-2">
            <p className="text-text">{plainName(job.name)} is here.</p>
            <p>
              What others said is marked as imported: it was signed elsewhere, and nobody can sign
              it again for them.
            </p>
            {job.private > 0 && (
              <p>
                Left out: {plural(job.private, 'private conversation')}. Whoever you invite will
                read all of a space.
              </p>
            )}
            {job.lost > 0 && (
              <p>Left out: {plural(job.lost, 'reaction or file', '')} that cannot be shown here.</p>
            )}
          </div>
        ) : running ? (
          <JobProgress job={job} label="Making the space" />
        ) : begin.busy && file !== null ? (
          <div role="status" className="flex flex-col gap-2">
            <p>
              Reading the file: <span className="nums">{percent(sent, file.size)} %</span>
            </p>
            <Progress label="Reading the file" value={percent(sent, file.size)} />
          </div>
        ) : (
          <>
            <div className="flex min-w-0 items-center gap-3">
              <Button icon="upload" onClick={() => picker.current?.click()}>
                Choose a file…
              </Button>
              <span className="min-w-0 truncate">
                {file === null ? (
                  'No file chosen'
                ) : (
                  <>
                    <span className="text-text">{plainName(file.name)}</span>,{' '}
                    {formatSize(file.size)}
                  </>
                )}
              </span>
            </div>
            <input
              ref={picker}
              type="file"
              accept=".zip,application/zip"
              aria-label="The archive"
              hidden
              onChange={(event) => {
                begin.clear();
                setId(null);
                setFile(event.target.files?.[0] ?? null);
              }}
            />
            <Check checked={withPrivate} onChange={setWithPrivate}>
              Of Slack and Zulip also private conversations
            </Check>
            <p className="text-small text-text-3">
              A folder is imported with <code className="font-mono">compeer import FOLDER</code>.
            </p>
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
