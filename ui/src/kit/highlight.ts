/** Code in colours. The work is done beside the page, with a limit; what takes longer stays plain. */

/** Some characters, and what they are in their language: a class name of highlight.js without its prefix. */
export type Piece = [text: string, look: string];

/** Characters that are coloured at most. Longer code is read in an editor. */
const most = 100_000;
/** How long a text may take, in ms. */
const patience = 1000;
/** Texts that are remembered. */
const remembered = 200;

const known = new Map<string, Promise<Piece[] | null>>();

/** Null: it stays plain. */
export function highlight(text: string, language: string): Promise<Piece[] | null> {
  if (language === '' || text.length > most || !('Worker' in globalThis)) {
    return Promise.resolve(null);
  }
  const key = `${language}\n${text}`;
  let pieces = known.get(key);
  if (pieces === undefined) {
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size >= remembered) known.delete(oldest);
    pieces = ask(text, language);
    known.set(key, pieces);
  }
  return pieces;
}

interface Asked {
  id: number;
  text: string;
  language: string;
  done: (pieces: Piece[] | null) => void;
}

let worker: Worker | null = null;
let asked: Asked[] = [];
let timer: ReturnType<typeof setTimeout> | null = null;
let count = 0;

function ask(text: string, language: string): Promise<Piece[] | null> {
  return new Promise((done) => {
    count += 1;
    asked.push({ id: count, text, language, done });
    if (asked.length === 1) next();
  });
}

/** One after the other, so that the limit is one text's own. */
function next(): void {
  const [first] = asked;
  if (first === undefined) return;
  worker ??= start();
  timer = setTimeout(() => {
    worker?.terminate();
    worker = null;
    settle(first.id, null);
  }, patience);
  const { id, text, language } = first;
  worker.postMessage({ id, text, language });
}

function settle(id: number, pieces: Piece[] | null): void {
  const [first] = asked;
  if (first?.id !== id) return;
  if (timer !== null) clearTimeout(timer);
  asked = asked.slice(1);
  first.done(pieces);
  next();
}

function start(): Worker {
  const started = new Worker(new URL('./code.worker.ts', import.meta.url), { type: 'module' });
  started.onmessage = ({ data }: MessageEvent<{ id: number; pieces: Piece[] | null }>) =>
    settle(data.id, data.pieces);
  started.onerror = () => {
    started.terminate();
    worker = null;
    const [first] = asked;
    if (first !== undefined) settle(first.id, null);
  };
  return started;
}

/** The language of a file by its name; empty when it is none that is coloured, null when it is probably no text. */
export function languageOf(name: string): string | null {
  const file = name.toLowerCase();
  const extension = /\.([a-z0-9+#_-]+)$/.exec(file)?.[1] ?? file;
  const language = languages.get(extension);
  if (language !== undefined) return language;
  return plain.has(extension) ? '' : null;
}

const plain = new Set(['txt', 'log', 'csv', 'tsv', 'license', 'readme', 'toml', 'env', 'srt']);
const languages = new Map(
  Object.entries({
    rs: 'rust',
    ts: 'typescript',
    tsx: 'typescript',
    mts: 'typescript',
    js: 'javascript',
    jsx: 'javascript',
    mjs: 'javascript',
    cjs: 'javascript',
    json: 'json',
    py: 'python',
    rb: 'ruby',
    go: 'go',
    java: 'java',
    kt: 'kotlin',
    swift: 'swift',
    c: 'c',
    h: 'c',
    cc: 'cpp',
    cpp: 'cpp',
    hpp: 'cpp',
    cs: 'csharp',
    php: 'php',
    pl: 'perl',
    lua: 'lua',
    r: 'r',
    sh: 'bash',
    bash: 'bash',
    zsh: 'bash',
    sql: 'sql',
    css: 'css',
    scss: 'scss',
    less: 'less',
    html: 'xml',
    htm: 'xml',
    xml: 'xml',
    svg: 'xml',
    yml: 'yaml',
    yaml: 'yaml',
    ini: 'ini',
    conf: 'ini',
    cfg: 'ini',
    md: 'markdown',
    markdown: 'markdown',
    diff: 'diff',
    patch: 'diff',
    makefile: 'makefile',
    mk: 'makefile',
    vb: 'vbnet',
    m: 'objectivec',
    graphql: 'graphql',
  }),
);
