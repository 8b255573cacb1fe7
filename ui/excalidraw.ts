/// <reference types="node" />
/**
 * Builds Excalidraw into the page so that it stands alone: nothing of it is ever fetched from elsewhere, and what the page's
 * policy forbids or the page does not use is left out. Each change of its code is checked, so a new version that looks
 * different fails the build instead of going its own ways.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const dist = fileURLToPath(
  new URL('./node_modules/@excalidraw/excalidraw/dist/prod', import.meta.url),
);
const ours = (name: string) =>
  fileURLToPath(new URL(`./src/features/boards/${name}`, import.meta.url));

/** The page's own address of the fonts. */
const fonts = 'assets/excalidraw-0.18.1';

/** Without the Chinese handwriting, which is 13 MB, and every system has a font for that; and without the font of the tools,
 * which the stylesheet brings. */
const leftOut = new Set(['Xiaolai', 'Assistant']);

const changes: { in: RegExp; what: RegExp; by: string }[] = [
  // Where fonts are looked for.
  {
    in: /chunk-K2UTITRG\.js$/,
    what: /`https:\/\/esm\.sh\/[^;]*?\/dist\/prod\/`/,
    by: '`${location.origin}/' + fonts + '/`',
  },
  // Exported drawings hold whole fonts: cutting them to size takes WebAssembly of 1.8 MB, more than all fonts weigh.
  { in: /chunk-K2UTITRG\.js$/, what: /Vd=typeof Worker<"u"/, by: 'Vd=!1' },
  // A person has one colour, on a board and everywhere else.
  {
    in: /prod\/index\.js$/,
    what: /var Tn=\(e,o\)=>`hsl\(/,
    by: 'var Tn=(e,o)=>o?.color?.background??`hsl(',
  },
  // What has not changed is not drawn again, and what changes has no canvas of its own.
  {
    in: /chunk-K2UTITRG\.js$/,
    what: /let b=new Map;o\.filter\(E=>!gt\(E\)\)\.forEach\(E=>/,
    by: 'let b=new Map,O=o.filter(E=>!gt(E));(c?O:kept(e,p,O,a,s)).forEach((E,D,_,S=D===!0?{...s,isExporting:!0}:s)=>',
  },
  {
    in: /chunk-K2UTITRG\.js$/,
    what: /Fn\(E,n,r,t,p,s,a\)\}else Fn\(E,n,r,t,p,s,a\);let h=/,
    by: 'Fn(E,n,r,t,p,S,a)}else Fn(E,n,r,t,p,S,a);let h=',
  },
  {
    in: /chunk-K2UTITRG\.js$/,
    what: /^/,
    by: `import{kept}from${JSON.stringify(ours('kept.ts'))};`,
  },
  // Nor is it used to make a picture smaller.
  { in: /chunk-K2UTITRG\.js$/, what: /features:\["js","wasm"\]/, by: 'features:["js"]' },
];

export function excalidraw(): Plugin {
  const done = new Set<(typeof changes)[number]>();
  return {
    name: 'excalidraw-alone',
    enforce: 'pre',
    apply: 'build',
    resolveId(source, importer) {
      // Diagrams from text would bring a megabyte of parsers.
      if (source === '@excalidraw/mermaid-to-excalidraw') return ours('noMermaid.ts');
      if (!importer?.startsWith(dist)) return null;
      if (/\/chunk-EIO257PC\.js$/.test(source)) return ours('wholeFonts.ts');
      // The page speaks one language.
      const locale = /\/locales\/(.*)\.js$/.exec(source)?.[1];
      if (locale !== undefined && !/^(en|percentages)-/.test(locale)) {
        const english = readdirSync(join(dist, 'locales')).find((name) => name.startsWith('en-'));
        return join(dist, 'locales', english ?? '');
      }
      return null;
    },
    transform(code, id) {
      if (!id.startsWith(dist)) return null;
      let next = code;
      for (const change of changes.filter((one) => one.in.test(id))) {
        if (!change.what.test(next))
          throw new Error(`Excalidraw has no ${String(change.what)} any more.`);
        next = next.replace(change.what, () => change.by);
        done.add(change);
      }
      return next === code ? null : { code: next, map: null };
    },
    generateBundle() {
      if (done.size !== changes.length)
        throw new Error('Excalidraw is built otherwise than expected.');
      const folders = readdirSync(join(dist, 'fonts')).filter((name) => !leftOut.has(name));
      for (const folder of folders) {
        for (const name of readdirSync(join(dist, 'fonts', folder))) {
          const source = readFileSync(join(dist, 'fonts', folder, name));
          this.emitFile({ type: 'asset', fileName: `${fonts}/fonts/${folder}/${name}`, source });
        }
      }
    },
  };
}
