/** What every browser test needs: a browser, signed-in pages, and eyes for what must never happen. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, devices } from 'playwright-core';

/** @import { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core' */

/** The signed-in addresses of the peers under test. */
export const pages = (process.env['COMPEER_PAGES'] ?? '').split(',').filter((url) => url !== '');

/** A sign-in address, good once and for a minute. @param {string} program @param {string} home @returns {string} */
export function signInAddress(program, home) {
  const answer = execFileSync(program, ['--home', home, '--json', 'open', '--print']);
  return JSON.parse(answer.toString()).url;
}

/** A sign-in address of one of the peers under test, for one more browser. @param {number} peer */
export function anotherPage(peer) {
  const homes = (process.env['COMPEER_HOMES'] ?? '').split(',');
  return signInAddress(process.env['COMPEER_BIN'] ?? '', homes[peer] ?? '');
}

const shots = process.env['COMPEER_SHOTS'];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** How long something between two peers on one machine may take, generously. */
export const patience = 15_000;

/** @returns {Promise<Browser>} */
export function launch() {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * One person at one browser. Errors of the page and breaches of its policy are collected; `calm`
 * says that there were none.
 */
export class Person {
  /** @param {BrowserContext} context @param {Page} page @param {string} name */
  constructor(context, page, name) {
    this.context = context;
    this.page = page;
    this.name = name;
    /** @type {string[]} */
    this.trouble = [];
    page.on('pageerror', (error) => this.trouble.push(`error: ${error.message}`));
    page.on('console', (entry) => {
      const text = entry.text();
      // The browser logs every refused request by itself; tests refuse some on purpose.
      if (entry.type() === 'error' && !text.startsWith('Failed to load resource')) {
        this.trouble.push(`console: ${text}`);
      }
    });
  }

  /**
   * Signs in, and goes through the first run where there is no person yet.
   * @param {Browser} browser @param {string} url @param {string} name
   * @param {{ phone?: boolean, dark?: boolean, state?: BrowserContextOptions['storageState'] }} [how]
   * `state`: cookies of somebody who is signed in already, instead of a sign-in address.
   */
  static async enter(browser, url, name, { phone = false, dark = false, state } = {}) {
    const context = await browser.newContext({
      ...(phone
        ? { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } }
        : { viewport: { width: 1440, height: 900 } }),
      ...(state === undefined ? {} : { storageState: state }),
      colorScheme: dark ? 'dark' : 'light',
      locale: 'en-GB',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const person = new Person(context, await context.newPage(), name);
    person.page.setDefaultTimeout(patience);
    await person.page.goto(url);
    const first = person.page.getByLabel('Your name');
    const inside = person.page.getByRole('navigation').first();
    await first.or(inside).first().waitFor();
    if (await first.isVisible()) {
      await first.fill(name);
      await person.page.getByRole('button', { name: 'Continue' }).click();
      await inside.waitFor();
    }
    return person;
  }

  /** Another tab of this browser, at the same place or at `url`. */
  async tab(url = this.page.url()) {
    const other = new Person(this.context, await this.context.newPage(), this.name);
    other.page.setDefaultTimeout(patience);
    await other.page.goto(url);
    await other.page.getByRole('navigation').first().waitFor();
    return other;
  }

  get origin() {
    return new URL(this.page.url()).origin;
  }

  /** The id of the space the page is in. */
  get space() {
    return /\/s\/([a-z2-7]+)/.exec(this.page.url())?.[1] ?? '';
  }

  /** Asks the node directly, as the page would. @param {string} path @param {unknown} [body] @param {string} [method] */
  api(path, body, method = body === undefined ? 'GET' : 'POST') {
    return this.page.evaluate(
      async ([path, body, method]) => {
        const response = await fetch(`/api/v1${path}`, {
          method: String(method),
          ...(body === null
            ? {}
            : { body: String(body), headers: { 'content-type': 'application/json' } }),
        });
        return /** @type {any} */ (await response.json());
      },
      [path, body === undefined ? null : JSON.stringify(body), method],
    );
  }

  /** Reads everything, so that what other tests have left counts no more. */
  async readAll() {
    for (const { space } of await this.api('/spaces')) {
      const { messages } = await this.api(`/spaces/${space}/messages?limit=1`);
      if (messages.length > 0) await this.api(`/spaces/${space}/read`, { up_to: messages[0].id });
    }
  }

  /** Finds and does anything, by keyboard. @param {string} words */
  async command(words) {
    await this.page.keyboard.press('Control+k');
    await this.page.getByRole('combobox', { name: 'Jump to anything' }).fill(words);
    await this.page.getByRole('option').first().waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** @param {string} text */
  async say(text) {
    await this.composer.fill(text);
    await this.composer.press('Control+Enter');
  }

  get composer() {
    return this.page.getByRole('form', { name: 'New message' }).getByRole('textbox');
  }

  get conversation() {
    return this.page.getByRole('region', { name: 'Conversation' });
  }

  /** The row of a message by its text. @param {string | RegExp} text @returns {Locator} */
  message(text) {
    return this.page
      .getByRole('list', { name: 'Messages' })
      .getByRole('listitem')
      .filter({ hasText: text });
  }

  /** @param {'chat' | 'files' | 'people'} view @param {string} [space] */
  async go(view, space = this.space) {
    await this.page.goto(`${this.origin}/s/${space}/${view}`);
  }

  /** A picture, when pictures are wanted. @param {string} title */
  async shot(title) {
    if (shots === undefined) return;
    mkdirSync(shots, { recursive: true });
    await this.page.screenshot({ path: join(shots, `${title}.png`) });
  }

  /**
   * Nothing of axe's serious or critical findings. Runs in a world of its own, since the page's
   * policy lets no foreign script in.
   * @param {string} view
   */
  async accessible(view) {
    await this.shot(`${view}-${this.name}`);
    // What fades in has no colour to judge yet, and what was just asked for may not have begun to.
    await this.page.waitForFunction(
      () =>
        new Promise((still) => {
          let frames = 0;
          const look = () => {
            const moves = document.getAnimations().some(({ playState }) => playState === 'running');
            frames = moves ? 0 : frames + 1;
            if (frames < 10) requestAnimationFrame(look);
            else still(true);
          };
          look();
        }),
    );
    const cdp = await this.context.newCDPSession(this.page);
    const { frameTree } = await cdp.send('Page.getFrameTree');
    const { executionContextId: contextId } = await cdp.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'axe',
    });
    const { result, exceptionDetails } = await cdp.send('Runtime.evaluate', {
      contextId,
      awaitPromise: true,
      returnByValue: true,
      expression: `${axe}; axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
        violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 200)).join(' | ')))`,
    });
    await cdp.detach();
    assert.equal(exceptionDetails?.text, undefined, `axe on ${view}`);
    assert.deepEqual(result.value, [], `accessibility of ${view}`);
  }

  /** No error and no breach of the policy so far. */
  calm() {
    assert.deepEqual(this.trouble, [], `the page of ${this.name} had trouble`);
  }
}

/** Waits until `look` gives something true. @template T @param {() => Promise<T>} look @param {string} what */
export async function until(look, what) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) assert.fail(`waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Says what was measured, in the form that `make bench` reads. @param {string} what @param {number} value @param {string} unit @param {string} goal */
export function figure(what, value, unit, goal) {
  console.log(`FIGURE ${JSON.stringify({ what, value, unit, goal })}`);
}

/** The figure below which a part of all lies. @param {number[]} figures @param {number} part from 0 to 1 */
export const percentile = (figures, part) =>
  figures.sort((one, other) => one - other)[
    Math.min(figures.length - 1, Math.floor(figures.length * part))
  ] ?? NaN;
