/** Two people at two peers look for what was said: as they type, with operators, at a desk and on a phone. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

const stamp = Date.now().toString(36);
const place = `Dock ${stamp}`;

describe('search', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    const made = await ann.api('/spaces', { name: place });
    space = made.space;
    const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
    await bo.api('/spaces/join', { invite });
    const say = (/** @type {Person} */ who, /** @type {string} */ text) =>
      who.api(`/spaces/${space}/messages`, { text });
    await say(ann, `The gantry ${stamp} is at the quay wall.`);
    for (let n = 0; n < 60; n += 1) await say(ann, `Nothing of note, number ${n}.`);
    await say(bo, `港の${stamp}クレーン: a gantry that turns, and <b>no</b> markup \u202eesrever`);
    const topic = await ann.api(`/spaces/${space}/topics`, { title: `Paving ${stamp}` });
    await ann.api(`/spaces/${space}/messages`, { text: `Gravel ${stamp}`, place: topic.id });
    await until(async () => {
      const { results } = await ann.api(`/search?q=${stamp}`);
      const other = await bo.api(`/search?q=${stamp}`);
      return results.length >= 5 && other.results.length >= 5;
    }, 'both have all of it');
  });
  after(async () => {
    await browser.close();
  });

  /** @param {Person} who */
  const field = (who) => who.page.getByRole('combobox', { name: 'Search everything' });
  /** @param {Person} who @param {string | RegExp} text */
  const result = (who, text) => who.page.getByRole('option').filter({ hasText: text });

  it('is where the slash leads, and says what it understands', async () => {
    await ann.page.getByRole('main').focus();
    await ann.page.keyboard.press('/');
    await field(ann).waitFor();
    assert.match(ann.page.url(), /\/search$/);
    await ann.page.getByText('Find anything').waitFor();
    await ann.accessible('search-empty');
  });

  it('finds as one types, and never shows less than before in between', async () => {
    await field(ann).pressSequentially(`gantr`, { delay: 20 });
    await result(ann, 'at the quay wall').waitFor();
    const shown = ann.page.getByRole('option');
    const most = await shown.count();
    // Every picture that is drawn is looked at.
    await ann.page.evaluate(() => {
      const few = { least: Infinity };
      Object.assign(window, { few });
      new MutationObserver(() => {
        few.least = Math.min(few.least, document.querySelectorAll('[role=option]').length);
      }).observe(document.body, { childList: true, subtree: true });
    });
    await field(ann).pressSequentially('y');
    await ann.page.waitForURL(/q=gantry$/);
    await ann.page.getByRole('status').filter({ hasText: 'results' }).waitFor();
    const least = await ann.page.evaluate(() => /** @type {any} */ (window).few.least);
    assert.ok(least >= Math.min(most, await shown.count()), `${least} of ${most}`);
    await result(ann, 'クレーン').waitFor();
    assert.equal(
      await ann.page.locator('mark', { hasText: 'gantry' }).count(),
      await shown.count(),
    );
    await result(ann, '<b>no</b>').getByText('U+202E').waitFor();
    await ann.accessible('search');
    await bo.page.goto(`${bo.origin}/search?q=gantry`);
    await result(bo, 'at the quay wall').waitFor();
    await bo.accessible('search');
  });

  it('leads to the message, and back to what was found', async () => {
    await field(ann).fill(`"quay wall" ${stamp}`);
    await result(ann, 'The gantry').waitFor();
    await until(async () => (await ann.page.getByRole('option').count()) === 1, 'one result');
    await ann.page.waitForURL(/q=/);
    await until(() => Promise.resolve(ann.page.url().includes(stamp)), 'the address says it');
    await field(ann).press('Enter');
    await ann.page.locator('.glow').filter({ hasText: 'The gantry' }).waitFor();
    await ann.page.goBack();
    await result(ann, 'The gantry').waitFor();
    assert.equal(await field(ann).inputValue(), `"quay wall" ${stamp}`);
  });

  it('knows writings without blanks, topics, and slips in names', async () => {
    await field(ann).fill('クレ');
    await result(ann, 'クレーン').waitFor();
    await field(ann).fill(`topic:paving ${stamp}`);
    await result(ann, `Gravel ${stamp}`).waitFor();
    await result(ann, 'Gravel').click();
    await ann.page.waitForURL(/\/topic\//);
    await ann.page.locator('.glow').filter({ hasText: 'Gravel' }).waitFor();
    await ann.page.goBack();
    await field(ann).fill('tnaaka');
    await result(ann, 'Bo Tanaka').waitFor();
    await field(ann).press('Enter');
    await ann.page.getByRole('complementary', { name: 'Person' }).waitFor();
    await ann.page.goBack();
  });

  it('narrows by chips, which write operators', async () => {
    await field(ann).fill('gantry');
    await ann.page.getByRole('button', { name: /^From:/ }).click();
    await ann.page.getByRole('menuitemcheckbox', { name: 'Bo Tanaka' }).click();
    // A menu does what was chosen once it is gone.
    await until(
      async () => (await field(ann).inputValue()) === 'from:"Bo Tanaka" gantry',
      'the operator is written',
    );
    await result(ann, 'クレーン').first().waitFor();
    await until(
      async () => (await result(ann, 'at the quay wall').count()) === 0,
      'what Ann wrote is not there',
    );
    await ann.page.getByRole('button', { name: /^In:/ }).click();
    await ann.page.getByRole('menuitemcheckbox', { name: place }).click();
    await until(
      async () => (await ann.page.getByRole('option').count()) === 1,
      'one of this space',
    );
    await ann.accessible('search-chips');
    await field(ann).fill('gantry from:nobodyatall');
    await ann.page.getByText('Nobody is called “nobodyatall” here.').waitFor();
    await field(ann).fill('gantry on:someday');
    await ann.page.getByText('A day is written as').waitFor();
    await field(ann).fill('xyzzyx');
    await ann.page.getByText('Nothing was found').waitFor();
    await ann.accessible('search-nothing');
  });

  it('shows messages in the palette, beneath what can be done', async () => {
    await ann.page.keyboard.press('Control+k');
    const palette = ann.page.getByRole('combobox', { name: 'Jump to anything' });
    await palette.fill(`gantry ${stamp}`);
    await result(ann, 'at the quay wall').waitFor();
    await ann.accessible('palette-messages');
    await palette.fill(`"at the quay`);
    await until(async () => (await result(ann, 'at the quay wall').count()) > 0, 'the message');
    await result(ann, `The gantry ${stamp}`).click();
    await ann.page
      .locator('.glow')
      .filter({ hasText: `The gantry ${stamp}` })
      .waitFor();
    await ann.page.keyboard.press('Control+k');
    await palette.fill(`gantry ${stamp}`);
    await result(ann, 'Search everything for').click();
    await field(ann).waitFor();
    assert.equal(await field(ann).inputValue(), `gantry ${stamp}`);
  });

  it('forgets what is written over', async () => {
    const { results } = await ann.api(`/search?q=${encodeURIComponent(`"quay wall" ${stamp}`)}`);
    await ann.api(
      `/spaces/${space}/messages/${results[0].id}`,
      { text: `The gantry ${stamp} has left.` },
      'PATCH',
    );
    await bo.page.goto(`${bo.origin}/search?q=${encodeURIComponent(`gantry ${stamp}`)}`);
    await result(bo, 'has left').waitFor();
    await field(bo).fill(`"quay wall" ${stamp}`);
    await bo.page.getByText('Nothing was found').waitFor();
  });

  it('fits a phone', async () => {
    const state = await ann.context.storageState();
    const phone = await Person.enter(
      browser,
      `${ann.origin}/search?q=${encodeURIComponent(`gantry ${stamp}`)}`,
      'Ann-phone',
      { phone: true, state },
    );
    await result(phone, 'has left').waitFor();
    await phone.accessible('search');
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
    await result(phone, 'has left').tap();
    await phone.page.locator('.glow').filter({ hasText: 'has left' }).waitFor();
    await phone.page.getByRole('button', { name: 'Find' }).first().waitFor({ state: 'attached' });
    phone.calm();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
