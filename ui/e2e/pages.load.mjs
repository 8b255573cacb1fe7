/**
 * Measures pages, and is no test: `npm run e2e pages.load`. From a key at one browser until the letter is seen in another, over
 * two real peers: for letters that come one by one, and for somebody who types fast, whose letters go out together.
 */
import { test } from 'node:test';
import { figure, launch, pages, percentile, Person, until } from './helpers.mjs';

const letters = 100;

test('figures of pages', { timeout: 240_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
  const bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka');
  const { space } = await ann.api('/spaces', { name: `Load ${Date.now()}` });
  const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
  await bo.api('/spaces/join', { invite });
  const paragraphs = Array.from(
    { length: 200 },
    (_, at) => `Paragraph ${at} of a page that is not short.`,
  );
  for (const [name, markdown] of [
    ['empty', ''],
    ['200 paragraphs', paragraphs.join('\n\n')],
  ]) {
    const { id } = await ann.api(`/spaces/${space}/pages`, { title: String(name), markdown });
    await until(
      async () =>
        (await bo.api(`/spaces/${space}/pages`)).some((/** @type {any} */ one) => one.id === id),
      'the page',
    );
    for (const who of [ann, bo]) {
      await who.page.goto(`${who.origin}/s/${space}/page/${id}`);
      await who.page.locator('.ProseMirror[contenteditable=true]').waitFor();
    }
    await ann.page.getByRole('img', { name: /Here now/ }).waitFor();
    for (const pause of [250, 30]) {
      await ann.page.getByRole('textbox', { name: 'Text of the page' }).click();
      await ann.page.keyboard.press('Control+End');
      await ann.page.keyboard.press('Enter');
      await ann.page.keyboard.type('.');
      // The line that was begun now, and no earlier one that ends in a full stop.
      await until(
        async () => (await bo.page.locator('.ProseMirror > p').last().textContent()) === '.',
        'the line',
      );
      await bo.page.evaluate(() => {
        const seen = /** @type {[number, number][]} */ ([]);
        Object.assign(globalThis, { seen });
        const root = document.querySelector('.ProseMirror');
        if (root === null) return;
        new MutationObserver(() => {
          const count = root.lastElementChild?.textContent?.split('x').length ?? 1;
          if ((seen.at(-1)?.[0] ?? 0) < count - 1) seen.push([count - 1, Date.now()]);
        }).observe(root, { subtree: true, childList: true, characterData: true });
      });
      /** What Ann's computer has sent to others so far. */
      const sent = async () => {
        const peers = /** @type {{ sent_bytes: number }[]} */ ((await ann.api('/status')).peers);
        return peers.reduce((sum, peer) => sum + peer.sent_bytes, 0);
      };
      const beforeQuiet = await sent();
      await new Promise((done) => setTimeout(done, letters * pause));
      const before = await sent();
      /** @type {number[]} */
      const pressed = [];
      for (let at = 0; at < letters; at += 1) {
        pressed.push(Date.now());
        await ann.page.keyboard.press('x');
        await new Promise((done) => setTimeout(done, pause));
      }
      /** @returns {Promise<[number, number][]>} */
      const look = () => bo.page.evaluate(() => Reflect.get(globalThis, 'seen'));
      await until(async () => (await look()).at(-1)?.[0] === letters, 'all letters');
      const seen = await look();
      const bytes = (await sent()) - before - (before - beforeQuiet);
      const took = pressed.map((at, n) => (seen.find(([count]) => count > n)?.[1] ?? NaN) - at);
      const what = `a key, every ${pause} ms, on a page (${name}) until seen in another browser`;
      figure(`${what}, p50`, percentile(took, 0.5), 'ms', pause === 250 ? '30 ms' : '');
      figure('the same, p99', percentile(took, 0.99), 'ms', pause === 250 ? '80 ms' : '');
      figure('the same, sent to the other for each', Math.round(bytes / letters), 'B', '400 B');
    }
  }
});
