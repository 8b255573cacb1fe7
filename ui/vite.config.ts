/// <reference types="node" />
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { excalidraw } from './excalidraw';

/** The node that `npm run dev` talks to; a running peer prints its address. */
const node = process.env['COMPEER_API'] ?? 'http://127.0.0.1:4918';
// The node checks Host and Origin, so the proxy speaks under the node's own name.
const toNode = { target: node, changeOrigin: true, headers: { origin: node } };

export default defineConfig({
  plugins: [excalidraw(), react(), tailwindcss()],
  resolve: {
    alias: [
      { find: '~', replacement: fileURLToPath(new URL('./src', import.meta.url)) },
      // This way in compiles while it loads; the usual one halts the page for both.
      { find: /^loro-crdt$/, replacement: 'loro-crdt/web' },
    ],
  },
  server: { proxy: { '/api': toNode, '/signin': toNode } },
  build: {
    outDir: 'dist',
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // Everything is a file of its own: the policy of the page allows no inlined fonts or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1100,
  },
});
