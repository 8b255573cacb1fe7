/** What is in a file, as far as a glance needs it: a picture, the beginning of a text, the first page of a PDF. */
import { useEffect, useRef, useState } from 'react';
import { contentUrl } from '~/api/actions';
import type { SharedFile } from '~/api/types';
import { Code } from '~/kit/Code';
import { languageOf } from '~/kit/highlight';
import { plainName, plainText } from '~/kit/text';
import { isPicture } from '~/parts/fileActions';
import { splitPath } from '~/parts/words';

/** Bytes of a text that are shown. */
const shownText = 64 * 1024;
/** Bytes of a PDF that is drawn: larger ones are opened. */
const mostPdf = 32 * 1024 * 1024;

/** Of a file that is here whole. */
export function Preview({ space, file }: { space: string; file: SharedFile }) {
  const { name } = splitPath(file.name);
  const language = languageOf(name);
  if (isPicture(file.media)) return <Picture space={space} file={file} name={name} />;
  if (file.media === 'application/pdf' && file.size <= mostPdf) {
    return <Pdf key={file.blob} space={space} file={file} name={name} />;
  }
  if (language !== null && file.size > 0) {
    return <Text key={file.blob} space={space} file={file} language={language} />;
  }
  return null;
}

const frame = 'overflow-hidden rounded-card border border-line bg-soft';

function Picture({ space, file, name }: { space: string; file: SharedFile; name: string }) {
  return (
    <a
      href={contentUrl(space, file.id)}
      target="_blank"
      rel="noopener noreferrer"
      aria-label={`Open ${plainName(name)}`}
      className={`grid h-52 place-items-center ${frame}`}
    >
      <img
        src={contentUrl(space, file.id)}
        alt=""
        className="max-h-full max-w-full object-contain"
      />
    </a>
  );
}

function Text({ space, file, language }: { space: string; file: SharedFile; language: string }) {
  const [text, setText] = useState<string | null>(null);
  const [none, setNone] = useState(false);
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    // The name says that it is text; its bytes have the last word.
    void fetch(contentUrl(space, file.id), {
      headers: { range: `bytes=0-${shownText - 1}` },
      signal,
    })
      .then(async (response) => {
        if (!response.ok) throw new Error('not here');
        setText(readText(await response.arrayBuffer(), file.size > shownText));
      })
      .catch(() => {
        if (!signal.aborted) setNone(true);
      });
    return () => ended.abort();
  }, [space, file]);
  if (none) return null;
  return (
    <figure className="flex flex-col gap-1">
      <pre
        dir="ltr"
        // A region that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        aria-label="What is in it"
        className={`h-52 overflow-auto bg-panel px-3 py-2 font-mono text-[12px]/[18px] ${frame}`}
      >
        {text !== null && <Code text={text} language={language} />}
      </pre>
      {text !== null && file.size > shownText && (
        <figcaption className="text-tiny text-text-3">The first 64 KB of it.</figcaption>
      )}
    </figure>
  );
}

/** Throws when it is not UTF-8. A character that is cut in two by the end is left out. */
function readText(bytes: ArrayBuffer, cut: boolean): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const text = decoder.decode(bytes, { stream: cut });
  if (text.includes('\0')) throw new Error('not text');
  return plainText(text.replace(/\r\n?/g, '\n'));
}

function Pdf({ space, file, name }: { space: string; file: SharedFile; name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pages, setPages] = useState<number | null>(null);
  const [none, setNone] = useState(false);
  useEffect(() => {
    let gone = false;
    let end: (() => void) | null = null;
    const draw = async () => {
      // It is large, and few files are PDFs.
      const { openPdf } = await import('./pdf');
      if (gone || canvas.current === null) return;
      const opened = openPdf(contentUrl(space, file.id));
      end = opened.close;
      setPages(await opened.drawFirst(canvas.current));
    };
    draw().catch(() => {
      if (!gone) setNone(true);
    });
    return () => {
      gone = true;
      end?.();
    };
  }, [space, file]);
  if (none) return null;
  return (
    <a
      href={contentUrl(space, file.id)}
      target="_blank"
      rel="noopener noreferrer"
      aria-label={`Open ${plainName(name)}`}
      className={`relative grid h-72 place-items-center ${frame}`}
    >
      <canvas ref={canvas} aria-hidden="true" className="max-h-full max-w-full object-contain" />
      {pages !== null && pages > 1 && (
        <span className="absolute right-2 bottom-2 rounded-control bg-raised px-2 py-0.5 text-tiny text-text-2 nums shadow-raised">
          {pages} pages
        </span>
      )}
    </a>
  );
}
