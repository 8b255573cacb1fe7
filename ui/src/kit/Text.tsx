/** Draws people's words: isolated in direction, with control characters visible, never as markup. */
import { nameSegments, type Segment } from './text';

/** A link in somebody's words: it opens beside the page, and tells nobody where one came from. */
export const outward = {
  target: '_blank',
  rel: 'noopener noreferrer nofollow',
  className: 'text-accent-text underline decoration-1 underline-offset-2 hover:decoration-2',
} as const;

/** One piece of somebody's words. */
export function draw(segment: Segment, index: number) {
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
        <a key={index} href={segment.href} title={segment.href} {...outward}>
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
