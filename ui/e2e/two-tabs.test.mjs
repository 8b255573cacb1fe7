/** One person with several tabs and browsers open: they show the same, and none undoes what another does. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { anotherPage, launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser, Route } from 'playwright-core' */

const stamp = Date.now().toString(36);
const spaceName = `Tabs ${stamp}`;

describe('two tabs', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} The tab that was there first, which listens for all of its browser. */ let one;
  /** @type {Person} */ let two;
  /** @type {Person} */ let bo;
  let space = '';
  let other = '';

  before(async () => {
    assert.equal(pages.length, 2, 'COMPEER_PAGES names two pages');
    browser = await launch();
    one = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka');
    ({ space } = await one.api('/spaces', { name: spaceName }));
    ({ space: other } = await one.api('/spaces', { name: `Elsewhere ${stamp}` }));
    const { invite } = await one.api(`/spaces/${space}/invitations`, {});
    await bo.api('/spaces/join', { invite });
    await bo.go('chat', space);
    await bo.composer.waitFor();
    await one.go('chat', space);
    await one.composer.waitFor();
    two = await one.tab();
    await two.composer.waitFor();
  });
  after(async () => {
    await browser?.close();
  });

  /** Goes where no conversation is. @param {Person} person */
  const away = async (person) => {
    await person.page.getByRole('link', { name: 'Network' }).first().click();
    await person.page.getByRole('heading', { name: 'This device' }).waitFor();
  };
  /** @param {Person} person */
  const title = (person) => person.page.title();
  /** @param {Person} person @param {string} text */
  const onlyOnce = async (person, text) => {
    await person.message(text).waitFor();
    assert.equal(await person.message(text).count(), 1, text);
  };

  it('shows in one tab what is said in the other, and who has it', async () => {
    await one.say(`from the first ${stamp}`);
    await onlyOnce(two, `from the first ${stamp}`);
    await two.say(`from the second ${stamp}`);
    await onlyOnce(one, `from the second ${stamp}`);
    await onlyOnce(bo, `from the second ${stamp}`);
    for (const tab of [one, two]) {
      for (const which of ['first', 'second']) {
        const message = tab.message(`from the ${which} ${stamp}`);
        await message.getByRole('button', { name: /^held by all 2/ }).waitFor();
      }
    }
  });

  it('counts the same in both, and what is read in one is read in the other', async () => {
    await away(one);
    await away(two);
    await one.readAll();
    for (const tab of [one, two]) {
      await until(async () => !(await title(tab)).startsWith('('), 'nothing unread');
    }
    await bo.say(`did you see, ${stamp}?`);
    const link = (/** @type {Person} */ tab) =>
      tab.page.getByRole('link', { name: `${spaceName}, 1 unread message` });
    for (const tab of [one, two]) {
      await link(tab).waitFor();
      await until(async () => (await title(tab)).startsWith('(1)'), 'a count in the title');
    }
    await link(two).click();
    await two.message(`did you see, ${stamp}?`).waitFor();
    for (const tab of [two, one]) {
      await until(async () => !(await title(tab)).startsWith('('), 'the count to go');
      await link(tab).waitFor({ state: 'detached' });
    }
    await bo.say(`and this, ${stamp}?`);
    await two.message(`and this, ${stamp}?`).waitFor();
    const unread = async () => {
      /** @type {{ space: string, unread: number }[]} */
      const spaces = await one.api('/spaces');
      return spaces.find((item) => item.space === space)?.unread;
    };
    await until(async () => (await unread()) === 0, 'it to be read in the second tab');
    await until(async () => !(await title(one)).startsWith('('), 'the first to know');
    await one.go('chat', space);
  });

  /** Keeps what the tab announces. @param {Person} tab */
  const overhear = (tab) =>
    tab.page.evaluate(() => {
      /** @type {string[]} */ const announced = [];
      class Notice {
        static permission = 'granted';
        /** @param {string} title @param {{ body: string }} more */
        constructor(title, { body }) {
          announced.push(`${title}: ${body}`);
        }
      }
      Object.assign(globalThis, { Notification: Notice, announced });
    });
  /** What it announced to somebody who does not look at it. @param {Person} tab @returns {Promise<string[]>} */
  const announced = (tab) => tab.page.evaluate('globalThis.announced');
  /** @param {Person} tab @param {boolean} looked */
  const look = (tab, looked) =>
    tab.page.evaluate((looked) => {
      document.hasFocus = () => looked;
      dispatchEvent(new Event(looked ? 'focus' : 'blur'));
    }, looked);

  it('announces what is new once, and only while nobody looks at any of them', async () => {
    // Now the first is the one that listens.
    await two.page.reload();
    await two.composer.waitFor();
    for (const tab of [one, two]) await overhear(tab);
    await look(one, false);
    await look(two, true);
    await bo.say(`before your eyes ${stamp}`);
    await onlyOnce(one, `before your eyes ${stamp}`);
    await look(two, false);
    await bo.say(`behind your back ${stamp}`);
    await until(async () => (await announced(one)).length > 0, 'a notice');
    assert.deepEqual(await announced(one), [
      `Bo Tanaka in ${spaceName}: behind your back ${stamp}`,
    ]);
    assert.deepEqual(await announced(two), []);
    // Turned off in one tab, it is off in all.
    await two.page.evaluate(() => localStorage.setItem('compeer.notify', 'false'));
    await bo.say(`quietly ${stamp}`);
    await onlyOnce(one, `quietly ${stamp}`);
    assert.equal((await announced(one)).length, 1);
    await two.page.evaluate(() => localStorage.setItem('compeer.notify', 'true'));
  });

  it('leaves a draft alone while another is written', async () => {
    await two.go('chat', other);
    await one.composer.fill(`half a thought ${stamp}`);
    await two.composer.fill(`another thought ${stamp}`);
    assert.equal(await one.composer.inputValue(), `half a thought ${stamp}`);
    // Both are still there when their pages open again.
    await one.page.reload();
    await two.page.reload();
    assert.equal(await one.composer.inputValue(), `half a thought ${stamp}`);
    assert.equal(await two.composer.inputValue(), `another thought ${stamp}`);
    await two.say(`whole ${stamp}`);
    await two.message(`whole ${stamp}`).waitFor();
    await one.page.reload();
    assert.equal(await one.composer.inputValue(), `half a thought ${stamp}`);
    // In one and the same space, too.
    await two.go('chat', space);
    await two.say(`meanwhile ${stamp}`);
    await onlyOnce(one, `meanwhile ${stamp}`);
    assert.equal(await one.composer.inputValue(), `half a thought ${stamp}`);
    await one.composer.fill('');
  });

  it('says in both who is writing', async () => {
    await bo.composer.pressSequentially('Thinking');
    for (const tab of [one, two]) await tab.page.getByText('Bo is writing…').waitFor();
    await bo.composer.fill('');
  });

  it('keeps what one tab could not send, whatever the other sends', async () => {
    await one.page.route('**/messages', (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({ status: 507, body: '{}' })
        : route.continue(),
    );
    await one.say(`not yet ${stamp}`);
    const failed = (/** @type {Person} */ tab) =>
      tab.message(`not yet ${stamp}`).getByRole('button', { name: 'Try again' });
    await failed(one).waitFor();
    await failed(two).waitFor();
    await two.say(`in between ${stamp}`);
    await onlyOnce(bo, `in between ${stamp}`);
    await one.page.unroute('**/messages');
    await one.page.reload();
    await failed(one).click();
    for (const person of [bo, one, two]) await onlyOnce(person, `not yet ${stamp}`);
    await failed(two).waitFor({ state: 'detached' });
  });

  it('does not take for lost what another tab is sending', async () => {
    /** @type {Route[]} */ const held = [];
    await two.page.route('**/messages', (route) =>
      route.request().method() === 'POST' ? void held.push(route) : route.continue(),
    );
    await two.say(`on its way ${stamp}`);
    await until(async () => held.length === 1, 'it to be on its way');
    const three = await two.tab();
    await three.message(`on its way ${stamp}`).getByText('saving').waitFor();
    assert.equal(await three.page.getByRole('button', { name: 'Try again' }).count(), 0);
    await held[0]?.continue();
    await two.page.unroute('**/messages');
    for (const person of [bo, two, three]) await onlyOnce(person, `on its way ${stamp}`);
    three.calm();

    // A tab that closes before the node has answered leaves its message to the others.
    await three.page.evaluate(() => {
      const real = globalThis.fetch;
      globalThis.fetch = (to, how) =>
        how?.method === 'POST' && String(to).endsWith('/messages')
          ? new Promise(() => undefined)
          : real(to, how);
    });
    await three.say(`left behind ${stamp}`);
    await two.message(`left behind ${stamp}`).getByText('saving').waitFor();
    await three.page.close();
    await two.message(`left behind ${stamp}`).getByRole('button', { name: 'Try again' }).click();
    for (const person of [bo, two]) await onlyOnce(person, `left behind ${stamp}`);
  });

  it('goes on when the tab that listens closes', async () => {
    one.calm();
    await overhear(two);
    await look(two, false);
    await one.page.close();
    await bo.say(`still there, ${stamp}?`);
    await onlyOnce(two, `still there, ${stamp}?`);
    await until(async () => (await announced(two)).length > 0, 'a notice of the other tab');
    await look(two, true);
    await two.say(`yes, ${stamp}`);
    await onlyOnce(bo, `yes, ${stamp}`);
    await two
      .message(`yes, ${stamp}`)
      .getByRole('button', { name: /^held by all 2/ })
      .waitFor();
  });

  it('signs a whole browser out, and no other one', async () => {
    const elsewhere = await Person.enter(browser, anotherPage(0), 'Ann Lee');
    await elsewhere.go('chat', space);
    await elsewhere.composer.waitFor();
    const three = await two.tab(`${two.origin}/settings`);
    await three.page.getByRole('button', { name: 'Sign out of this browser' }).click();
    for (const tab of [three, two]) {
      await tab.page.getByRole('heading', { name: 'This browser is not signed in' }).waitFor();
    }
    await bo.say(`and you, ${stamp}?`);
    await onlyOnce(elsewhere, `and you, ${stamp}?`);
    assert.equal(await two.page.getByText(`and you, ${stamp}?`).count(), 0);

    // Whoever signs in again need not close what was signed out before.
    const again = await two.tab(anotherPage(0));
    await again.go('chat', space);
    await again.message(`and you, ${stamp}?`).waitFor();
    await bo.say(`welcome back, ${stamp}`);
    await onlyOnce(again, `welcome back, ${stamp}`);
    for (const tab of [elsewhere, two, three, again]) tab.calm();
    await elsewhere.context.close();
  });

  it('says of a link that was used what to type for another', async () => {
    const link = anotherPage(0);
    const first = await Person.enter(browser, link, 'Ann Lee');
    const context = await browser.newContext();
    const late = await context.newPage();
    await late.goto(link);
    await late.getByRole('heading', { name: 'This link was used already' }).waitFor();
    await late.getByText(/ --home \S+ open$/).waitFor();
    // The browser that it signed in is in, however often the link is opened there.
    await first.page.goto(link);
    await first.page.getByRole('navigation').first().waitFor();
    await until(() => Promise.resolve(!first.page.url().includes('link=')), 'a plain address');
    await first.context.close();
    await context.close();
  });

  it('had no error and no breach of the page’s policy', () => {
    bo.calm();
  });
});
