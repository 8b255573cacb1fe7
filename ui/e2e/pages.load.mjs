/**
 * Measures pages, and is no test: `npm run e2e pages.load`. From a key at one browser until the letter is seen in another, over
 * two real peers: for letters that come one by one, and for somebody who types fast, whose letters go out together.
 */
import { test } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @param {number[]} figures @param {number} part */
const percentile = (figures, part) =>
  figures.sort((one, other) => one - other)[
    Math.min(figures.length - 1, Math.floor(figures.length * part))
  ] ?? NaN;

const letters = 100;

test('figures of pages', { timeout: 240_000 }, async () => {
  const browser = await launch();
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
      await until(
        () =>
          bo.page
            .locator('.ProseMirror > p')
            .last()
            .textContent()
            .then((text) => text?.includes('.')),
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
      const took = pressed.map((at, n) => (seen.find(([count]) => count > n)?.[1] ?? NaN) - at);
      console.log(
        `${name}, a key every ${pause} ms, until seen in another browser: p50 ${percentile(took, 0.5)} ms, p99 ${percentile(took, 0.99)} ms of ${letters}`,
      );
    }
  }
  await browser.close();
});
