/**
 * Runs the browser tests one after the other: `npm run e2e`, or `npm run e2e NAME` for those in files of that name; `npm run e2e
 * board.load` measures instead. Two real peers with empty homes are started for them, on
 * loopback alone, and ended with them; each file of tests is given fresh pages of both. `COMPEER_BIN` is the program (by
 * default the development build); `COMPEER_PAGES=url,url` names pages of other peers instead, as `compeer open --print` gives
 * them, and runs the tour alone: a page's address works once. `COMPEER_SHOTS=DIR` keeps pictures, `CHROMIUM=PATH` names the
 * browser.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { signInAddress } from './helpers.mjs';

/** @import { ChildProcess } from 'node:child_process' */

/** How long a peer may take until it is ready, and until it has ended, in ms. */
const limit = 30_000;

const target =
  process.env['CARGO_TARGET_DIR'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'compeer/target');
const program = process.env['COMPEER_BIN'] ?? join(target, 'debug/compeer');

/** Starts a peer and returns once it is ready. @param {string} home @returns {Promise<ChildProcess>} */
async function up(home) {
  const anywhere = '127.0.0.1:0';
  const peer = spawn(
    program,
    ['--home', home, '--json', 'up', '--api', anywhere, '--listen', anywhere, '--no-lan'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      // What tests make peers say is not for whoever sits at this computer.
      env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: '', XDG_RUNTIME_DIR: '' },
    },
  );
  const lines = createInterface({ input: peer.stdout });
  const ended = once(peer, 'exit').then(([code]) => {
    throw new Error(`the peer ended with ${String(code)}`);
  });
  await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(limit) }), ended]);
  ended.catch(() => {});
  return peer;
}

/** @param {ChildProcess} peer */
async function down(peer) {
  if (peer.exitCode !== null || peer.signalCode !== null) return;
  const ended = once(peer, 'exit');
  const force = setTimeout(() => peer.kill('SIGKILL'), limit);
  peer.kill('SIGTERM');
  await ended;
  clearTimeout(force);
}

const here = dirname(fileURLToPath(import.meta.url));

/** Runs one file of tests. @param {string} file @param {Record<string, string>} peers @returns {Promise<number>} */
async function test(file, peers) {
  const runner = spawn(process.execPath, ['--test', '--test-reporter=spec', join(here, file)], {
    stdio: 'inherit',
    env: { ...process.env, ...peers },
  });
  const [code] = await once(runner, 'exit');
  return typeof code === 'number' ? code : 1;
}

const given = process.env['COMPEER_PAGES'];
if (given !== undefined) {
  process.exitCode = await test('tour.test.mjs', { COMPEER_PAGES: given });
} else {
  const folder = mkdtempSync(join(tmpdir(), 'compeer-e2e-'));
  /** @type {ChildProcess[]} */
  const running = [];
  try {
    const homes = ['one', 'two'].map((name) => join(folder, name));
    for (const home of homes) running.push(await up(home));
    const wanted = process.argv[2] ?? '';
    const files = readdirSync(here).filter(
      (name) =>
        name.endsWith(wanted.endsWith('.load') ? '.load.mjs' : '.test.mjs') &&
        name.includes(wanted),
    );
    for (const file of files.sort()) {
      const peers = {
        COMPEER_PAGES: homes.map((home) => signInAddress(program, home)).join(','),
        COMPEER_HOMES: homes.join(','),
        COMPEER_BIN: program,
      };
      process.exitCode = (await test(file, peers)) || process.exitCode;
    }
  } finally {
    await Promise.all(running.map(down));
    rmSync(folder, { recursive: true, force: true });
  }
}
