/** A message's text: Markdown, with links found and names of `people` highlighted. */
import { Fragment, memo, type ReactNode } from 'react';
import { Code } from './Code';
import { parseMarkdown, type Block, type Cell, type Inline } from './markdown';
import { draw, outward } from './Text';
import { isEmoji, lineSegments } from './text';

export const MessageText = memo(function MessageText({
  text,
  people,
}: {
  text: string;
  people?: string[];
}) {
  if (isEmoji(text)) {
    return (
      <div dir="auto" className="text-[28px]/9">
        {text}
      </div>
    );
  }
  const blocks = parseMarkdown(text, people);
  return blocks === null ? (
    <div dir="auto" className="break-words whitespace-pre-wrap [overflow-wrap:anywhere]">
      {lineSegments(text, people).map(draw)}
    </div>
  ) : (
    <div className="flex flex-col gap-1.5 break-words [overflow-wrap:anywhere]">
      {blocks.map(drawBlock)}
    </div>
  );
});

function drawBlock(block: Block, index: number): ReactNode {
  switch (block.kind) {
    case 'paragraph':
      return (
        <p key={index} dir="auto" className="whitespace-pre-wrap">
          {block.parts.map(drawInline)}
        </p>
      );
    case 'heading':
      // A message has no headings of the page: it only says something louder.
      return (
        <p key={index} dir="auto" className="mt-1 font-semibold whitespace-pre-wrap first:mt-0">
          {block.parts.map(drawInline)}
        </p>
      );
    case 'quote':
      return (
        <blockquote
          key={index}
          className="flex flex-col gap-1.5 border-l-2 border-(--line-strong) pl-3 text-text-2"
        >
          {block.blocks.map(drawBlock)}
        </blockquote>
      );
    case 'list': {
      const items = block.items.map((item, at) => (
        <li key={at} className="pl-0.5 marker:text-text-3 marker:nums">
          <div className="flex flex-col gap-1">{item.map(drawBlock)}</div>
        </li>
      ));
      return block.start === null ? (
        <ul key={index} className="flex list-disc flex-col gap-0.5 pl-5">
          {items}
        </ul>
      ) : (
        <ol key={index} start={block.start} className="flex list-decimal flex-col gap-0.5 pl-6">
          {items}
        </ol>
      );
    }
    case 'code':
      return (
        <pre
          key={index}
          dir="ltr"
          // What scrolls must be reachable by keyboard.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          className="overflow-x-auto rounded-control border border-line bg-panel px-3 py-2 font-mono text-[13px]/5 [overflow-wrap:normal]"
        >
          <Code text={block.text} language={block.language.toLowerCase()} />
        </pre>
      );
    case 'table':
      return (
        <div key={index} className="overflow-x-auto">
          <table className="border-collapse text-[14px]/5">
            <tbody>
              {block.rows.map((row, at) => (
                <tr key={at}>{row.map(drawCell)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case 'rule':
      return <hr key={index} className="my-1 border-line" />;
  }
}

function drawCell(cell: Cell, index: number) {
  const look = {
    dir: 'auto',
    className: 'border border-line px-2 py-1',
    style: { textAlign: cell.align ?? undefined },
  } as const;
  const content = cell.parts.map(drawInline);
  return cell.head ? (
    <th key={index} {...look} scope="col">
      {content}
    </th>
  ) : (
    <td key={index} {...look}>
      {content}
    </td>
  );
}

function drawInline(part: Inline, index: number): ReactNode {
  switch (part.kind) {
    case 'break':
      return <br key={index} />;
    case 'strong':
      return <strong key={index}>{part.parts.map(drawInline)}</strong>;
    case 'emphasis':
      return <em key={index}>{part.parts.map(drawInline)}</em>;
    case 'strike':
      return <s key={index}>{part.parts.map(drawInline)}</s>;
    case 'anchor':
      return (
        <a key={index} href={part.href} title={part.href} {...outward}>
          {part.parts.map(drawInline)}
        </a>
      );
    default:
      return <Fragment key={index}>{draw(part, 0)}</Fragment>;
  }
}
