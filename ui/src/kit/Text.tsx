/** Draws people's words: isolated in direction, with control characters visible, never as markup. */
import { isEmoji, messageSegments, nameSegments, type Segment } from './text';

function draw(segment: Segment, index: number) {
  switch (segment.kind) {
    case 'text':
      return segment.text;
    case 'code':
      return (
        <code
          key={index}
          className="rounded-[5px] bg-soft box-decoration-clone px-1.5 py-px font-mono text-[13px]/5"
        >
          {segment.text}
        </code>
      );
    case 'block':
      return (
        <pre
          key={index}
          dir="ltr"
          className="my-1 overflow-x-auto rounded-control border border-line bg-panel px-3 py-2 font-mono text-[13px]/5 [overflow-wrap:normal]"
        >
          <code>{segment.text}</code>
        </pre>
      );
    case 'mention':
      return (
        <span
          key={index}
          className="rounded-[5px] bg-accent-soft box-decoration-clone px-1 font-medium text-accent-text"
        >
          {segment.text}
        </span>
      );
    case 'link':
      return (
        <a
          key={index}
          href={segment.href}
          title={segment.href}
          target="_blank"
          rel="noopener noreferrer nofollow"
          className="text-accent-text underline decoration-1 underline-offset-2 hover:decoration-2"
        >
          {segment.text}
        </a>
      );
    case 'control':
      return (
        <span
          key={index}
          title={segment.name}
          className="mx-px rounded border border-line bg-soft px-0.5 font-mono text-[11px] text-text-2"
        >
          {segment.text}
        </span>
      );
  }
}

/** A name of a person, space, device or file. */
export function Name({ children, className }: { children: string; className?: string }) {
  const segments = nameSegments(children);
  return <bdi className={className}>{segments.length === 0 ? 'Unnamed' : segments.map(draw)}</bdi>;
}

/** A message's text: lines kept, links and code found, names of `people` highlighted. */
export function MessageText({ text, people }: { text: string; people?: string[] }) {
  return (
    <div
      dir="auto"
      className={`break-words whitespace-pre-wrap [overflow-wrap:anywhere] ${isEmoji(text) ? 'text-[28px]/9' : ''}`}
    >
      {messageSegments(text, people).map(draw)}
    </div>
  );
}
