/**
 * Runs the browser tests one after the other: `npm run e2e`. Two real peers with empty homes are started for them, on
 * loopback alone, and ended with them. `COMPEER_BIN` is the program (by default the development build); `COMPEER_PAGES=url,url`
 * names signed-in pages of other peers instead, as `compeer open --print` gives them. `COMPEER_SHOTS=DIR` keeps pictures,
 * `CHROMIUM=PATH` names the browser.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

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
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: peer.stdout });
  const ended = once(peer, 'exit').then(([code]) => {
    throw new Error(`the peer ended with ${String(code)}`);
  });
  await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(limit) }), ended]);
  ended.catch(() => {});
  return peer;
}

/** A sign-in address, good once and for a minute. @param {string} home @returns {string} */
function page(home) {
  const answer = execFileSync(program, ['--home', home, '--json', 'open', '--print']);
  return JSON.parse(answer.toString()).url;
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

/** @param {string} pages @returns {Promise<number>} */
async function tests(pages) {
  const here = dirname(fileURLToPath(import.meta.url));
  const files = readdirSync(here).filter((name) => name.endsWith('.test.mjs'));
  const runner = spawn(
    process.execPath,
    [
      '--test',
      '--test-concurrency=1',
      '--test-reporter=spec',
      ...files.map((name) => join(here, name)),
    ],
    { stdio: 'inherit', env: { ...process.env, COMPEER_PAGES: pages } },
  );
  const [code] = await once(runner, 'exit');
  return typeof code === 'number' ? code : 1;
}

const given = process.env['COMPEER_PAGES'];
if (given !== undefined) {
  process.exitCode = await tests(given);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'compeer-e2e-'));
  /** @type {ChildProcess[]} */
  const peers = [];
  try {
    const homes = ['one', 'two'].map((name) => join(folder, name));
    for (const home of homes) peers.push(await up(home));
    process.exitCode = await tests(homes.map(page).join(','));
  } finally {
    await Promise.all(peers.map(down));
    rmSync(folder, { recursive: true, force: true });
  }
}
