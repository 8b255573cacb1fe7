/**
 * Runs the browser tests one after the other: `COMPEER_PAGES=url,url npm run e2e`, each url a
 * signed-in page of another peer, as `compeer open --print` gives it. Without pages they count as
 * skipped. `COMPEER_SHOTS=DIR` keeps pictures, `CHROMIUM=PATH` names the browser.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs'))
  .map((name) => join(here, name));
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
