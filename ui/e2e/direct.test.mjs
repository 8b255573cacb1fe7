/** Two people talk to each other apart from any space. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

describe('direct talks', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    const { space } = await ann.api('/spaces', { name: `Wharf ${Date.now()}` });
    const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
    await bo.api('/spaces/join', { invite });
    await ann.go('chat', space);
    await bo.go('chat', space);
  });
  after(async () => {
    await browser.close();
  });

  it('starts at a person, and is there for them by itself', async () => {
    await ann.page
      .getByRole('region', { name: 'Members' })
      .getByRole('link', { name: /Bo Tanaka/ })
      .click();
    await ann.accessible('person');
    await ann.page.getByRole('button', { name: 'Message Bo' }).click();
    await ann.page.getByRole('textbox', { name: 'Message Bo Tanaka' }).waitFor();
    await ann.accessible('direct-empty');
    await ann.say('Between the two of us.');
    await bo.page.getByRole('link', { name: /^Talk with Ann Lee, 1 unread message/ }).click();
    await bo.message('Between the two of us.').waitFor();
    await bo.say('Nobody else hears it.');
    await ann.message('Nobody else hears it.').waitFor();
    assert.equal(await ann.page.getByRole('region', { name: 'Topics' }).count(), 0);
    await bo.accessible('direct');
  });

  it('is the same one for both', async () => {
    const talk = ann.space;
    await bo.command('Message Ann');
    await bo.page.waitForURL(`**/s/${talk}/chat`);
    assert.equal(bo.space, talk);
  });

  it('fits a phone', async () => {
    const state = await ann.context.storageState();
    const phone = await Person.enter(browser, `${ann.origin}/s/${ann.space}`, 'Ann-phone', {
      phone: true,
      state,
    });
    await phone.accessible('direct');
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
    phone.calm();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
