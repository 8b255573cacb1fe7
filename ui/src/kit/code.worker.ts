/** Colours code in a thread of its own: a text made to keep it busy is given up, and the page goes on. */
import { common, createLowlight } from 'lowlight';
import type { Piece } from './highlight';

const lowlight = createLowlight(common);

interface Node {
  type: string;
  value?: string;
  properties?: { className?: unknown };
  children?: Node[];
}

/** The tree as a flat list: each piece has the innermost class. */
function flatten(nodes: Node[], look: string, pieces: Piece[]): void {
  for (const { type, value, properties, children } of nodes) {
    if (type === 'text') {
      pieces.push([value ?? '', look]);
      continue;
    }
    const own = Array.isArray(properties?.className) ? String(properties.className[0]) : '';
    flatten(children ?? [], own.replace(/^hljs-/, '') || look, pieces);
  }
}

onmessage = ({ data }: MessageEvent<{ id: number; text: string; language: string }>) => {
  const { id, text, language } = data;
  let pieces: Piece[] | null = null;
  if (lowlight.registered(language)) {
    pieces = [];
    flatten(lowlight.highlight(language, text).children, '', pieces);
  }
  postMessage({ id, pieces });
};
