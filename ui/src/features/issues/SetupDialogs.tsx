/** Saving a view, importing a table, and how keys begin. */
import { useRef, useState } from 'react';
import { sentenceOf } from '~/api/client';
import { createThing, importIssues, setPrefix, useIssueSetup } from '~/api/issues';
import type { ImportReport, Space } from '~/api/types';
import { Button } from '~/kit/Button';
import { Dialog } from '~/kit/Dialog';
import { TextField } from '~/kit/Field';
import { formatSize, plural } from '~/kit/format';
import { useAction } from '~/kit/hooks';
import { Name } from '~/kit/Text';
import { tell } from '~/kit/toast';

export function SaveViewDialog({
  space,
  query,
  onClose,
}: {
  space: Space;
  query: string;
  onClose: () => void;
}) {
  const [title, setTitle] = useState('');
  const { run, busy, error } = useAction(async () => {
    await createThing(space.space, 'view', { title: title.trim(), query });
    onClose();
  }, sentenceOf);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Save this view"
      about="For everybody in the space."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="save-view"
            kind="primary"
            busy={busy}
            disabled={title.trim() === ''}
          >
            Save
          </Button>
        </>
      }
    >
      <form
        id="save-view"
        onSubmit={(event) => {
          event.preventDefault();
          if (title.trim() !== '') void run();
        }}
      >
        <TextField label="Name" value={title} onChange={setTitle} maxLength={200} error={error} />
      </form>
    </Dialog>
  );
}

export function PrefixDialog({ space, onClose }: { space: Space; onClose: () => void }) {
  const now = useIssueSetup(space.space).data?.prefix ?? '';
  const [text, setText] = useState<string | null>(null);
  const prefix = (text ?? now)
    .toUpperCase()
    .replace(/[^A-Z]/g, '')
    .slice(0, 5);
  const { run, busy, error } = useAction(async () => {
    await setPrefix(space.space, prefix);
    onClose();
  }, sentenceOf);
  return (
    <Dialog
      open
      onClose={onClose}
      title="How keys begin"
      about="For everybody in the space. Keys that began otherwise go on being understood."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="prefix"
            kind="primary"
            busy={busy}
            disabled={prefix.length < 2}
          >
            Save
          </Button>
        </>
      }
    >
      <form
        id="prefix"
        onSubmit={(event) => {
          event.preventDefault();
          if (prefix.length >= 2) void run();
        }}
      >
        <TextField
          label="Two to five letters"
          value={prefix}
          onChange={setText}
          hint={`The next issue is one such as ${prefix}-12.`}
          error={error}
        />
      </form>
    </Dialog>
  );
}

/** Bytes of a table that the node takes, with what JSON adds. */
const largest = 8_000_000;

export function ImportDialog({ space, onClose }: { space: Space; onClose: () => void }) {
  const id = space.space;
  const picker = useRef<HTMLInputElement>(null);
  const [table, setTable] = useState<{ name: string; text: string } | null>(null);
  const [report, setReport] = useState<ImportReport | null>(null);
  const look = useAction(async (file: File) => {
    if (file.size > largest) throw new Error(`A table has at most ${formatSize(largest)}.`);
    const text = await file.text();
    setReport(await importIssues(id, text, { look: true, skip: false }));
    setTable({ name: file.name, text });
  }, sentenceOf);
  const take = useAction(async () => {
    if (table === null) return;
    const made = await importIssues(id, table.text, { look: false, skip: true });
    onClose();
    tell(`${plural(made.made.length, 'issue')} imported.`);
  }, sentenceOf);
  const bad = report?.errors.length ?? 0;
  return (
    <Dialog
      open
      onClose={onClose}
      wide
      title="Import a table"
      about="CSV as this page, Linear, Jira or GitHub export it. Nothing is made before you have seen what comes of it."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            busy={take.busy}
            disabled={report === null || report.good === 0}
            onClick={() => void take.run()}
          >
            {report === null
              ? 'Import'
              : bad > 0
                ? `Import the good rows (${report.good})`
                : `Import ${report.good}`}
          </Button>
        </>
      }
    >
      <input
        ref={picker}
        type="file"
        accept=".csv,.tsv,.txt,text/csv"
        aria-label="A table"
        hidden
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file !== undefined) void look.run(file);
        }}
      />
      <div className="flex flex-col items-start gap-3">
        <Button icon="file" busy={look.busy} onClick={() => picker.current?.click()}>
          {table === null ? 'Choose a file' : 'Choose another file'}
        </Button>
        {(look.error ?? take.error) && (
          <p role="alert" className="text-small text-need">
            {look.error ?? take.error}
          </p>
        )}
        {report !== null && table !== null && (
          <div role="status" className="flex w-full flex-col gap-2 text-[14px]/5">
            <p>
              <Name>{table.name}</Name>: {report.good} of {plural(report.rows, 'row')} can be
              issues.
            </p>
            {report.new.length > 0 && (
              <p className="text-text-2">
                New labels, projects and cycles: <Name>{report.new.join(', ')}</Name>
              </p>
            )}
            {report.ignored.length > 0 && (
              <p className="text-text-2">
                Columns that are not read: <Name>{report.ignored.join(', ')}</Name>
              </p>
            )}
            <Remarks title="These rows are left out" remarks={report.errors} />
            <Remarks title="Left out of rows" remarks={report.notes} />
          </div>
        )}
      </div>
    </Dialog>
  );
}

function Remarks({ title, remarks }: { title: string; remarks: ImportReport['errors'] }) {
  if (remarks.length === 0) return null;
  return (
    <div>
      <h3 className="text-small font-medium text-text-2">{title}</h3>
      <ul className="max-h-40 overflow-y-auto text-small text-text-2">
        {remarks.map(({ line, text }, index) => (
          <li key={index}>
            Line {line}: <Name>{text}</Name>
          </li>
        ))}
      </ul>
    </div>
  );
}
