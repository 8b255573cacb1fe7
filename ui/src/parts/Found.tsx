/** Something that was found: what it is called, where it leads, and its words with what was looked for marked. */
import { general, talkPath } from '~/api/talk';
import type { Found, Part } from '~/api/types';
import { draw } from '~/kit/Text';
import { nameSegments } from '~/kit/text';

/** Text with what was looked for marked; controls are made visible, as everywhere. */
export function Marked({ parts }: { parts: Part[] }) {
  return (
    <bdi>
      {parts.map((part, index) =>
        part.found ? (
          <mark
            key={index}
            className="rounded-[3px] bg-wait-soft text-inherit underline decoration-wait decoration-2 underline-offset-2"
          >
            {nameSegments(part.text).map(draw)}
          </mark>
        ) : (
          <span key={index}>{nameSegments(part.text).map(draw)}</span>
        ),
      )}
    </bdi>
  );
}

export const wordsOf = (parts: Part[]): string => parts.map(({ text }) => text).join('');

/** Where a result leads within the page. */
export function hrefOf(found: Found): string {
  const { space, id } = found;
  switch (found.kind) {
    case 'message':
      return `${talkPath({ space, place: found.topic ?? general })}#${id}`;
    case 'file':
      return `/s/${space}/files?detail=file-${id}`;
    case 'person':
      return `/s/${space}/people?detail=person-${id}`;
    case 'topic':
      return talkPath({ space, place: id });
    case 'issue':
      return `/s/${space}/issue/${id}`;
    case 'board':
      return `/s/${space}/boards/${id}`;
    case 'page':
      return `/s/${space}/page/${id}`;
    case 'space':
      return `/s/${space}/chat`;
  }
}
