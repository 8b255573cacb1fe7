/** Loro is WebAssembly: nothing of it works before this has been waited for. */
import init from 'loro-crdt/web/loro_wasm.js';

let started: Promise<unknown> | null = null;

/** Loads it once, from the node alone. */
export const startLoro = () =>
  (started ??= init().catch((error: unknown) => {
    started = null;
    throw error;
  }));
