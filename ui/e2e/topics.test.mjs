/** Two people at two peers talk at topics: what is said stays together, moves, and is read where it was seen. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

describe('topics', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    const { space: made } = await ann.api('/spaces', { name: `Harbour ${Date.now()}` });
    space = made;
    const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
    await bo.api('/spaces/join', { invite });
    await ann.go('chat', space);
    await bo.go('chat', space);
    await ann.composer.waitFor();
    await bo.composer.waitFor();
  });
  after(async () => {
    await browser.close();
  });

  /** A topic in the sidebar. @param {Person} who @param {string | RegExp} name */
  const topic = (who, name) =>
    who.page.getByRole('region', { name: 'Topics' }).getByRole('link', { name });

  /** Opens the menu of a message. @param {Person} who @param {string} text @param {string} item */
  const menu = async (who, text, item) => {
    const row = who.message(text).first();
    await row.hover();
    await row.getByRole('button', { name: 'More about this message' }).click();
    await who.page.getByRole('menuitem', { name: item }).click();
  };

  it('starts one and talks at it, beside the chat', async () => {
    await ann.page.getByRole('button', { name: 'Start a topic' }).click();
    await ann.page.getByLabel('Title').fill('Quay walls');
    await ann.accessible('topic-dialog');
    await ann.page.keyboard.press('Enter');
    await ann.page.getByRole('heading', { name: 'Quay walls', level: 1 }).waitFor();
    await ann.accessible('topic-empty');
    await ann.say('They lean to the left.');
    await ann.say('@Bo what do you think?');
    await topic(bo, /Quay walls 2 unread, you are named/).waitFor();
    assert.equal(await bo.message('They lean to the left.').count(), 0);
    await bo.accessible('topic-unread');
    await topic(bo, /Quay walls/).click();
    await bo.message('They lean to the left.').waitFor();
    await topic(bo, /^Quay walls$/).waitFor();
    await bo.say('By two degrees.');
    await ann.message('By two degrees.').waitFor();
    await ann.accessible('topic');
  });

  it('leads to what is unread by keyboard, and leaves unread what is asked for', async () => {
    await bo.go('chat');
    await bo.composer.waitFor();
    await ann.say('The north one, too.');
    await topic(bo, /Quay walls 1 unread/).waitFor();
    await bo.page.keyboard.press('Alt+ArrowDown');
    await bo.message('The north one, too.').waitFor();
    await topic(bo, /^Quay walls$/).waitFor();
    await menu(bo, '@Bo what do you think?', 'Unread from here');
    await topic(bo, /Quay walls 2 unread/).waitFor();
    await bo.go('chat');
    await topic(bo, /Quay walls 2 unread/).waitFor();
    await topic(bo, /Quay walls/).click();
    await bo.page.getByTestId('new-divider').waitFor();
    await topic(bo, /^Quay walls$/).waitFor();
  });

  it('moves messages to another topic, for everybody, and back', async () => {
    await menu(ann, 'By two degrees.', 'Move to a topic…');
    const dialog = ann.page.getByRole('dialog', { name: 'Move to a topic' });
    await dialog.getByLabel('Find a topic, or name a new one').fill('Surveys');
    await dialog.getByLabel('This message and all after it').check();
    await ann.accessible('move');
    await dialog.getByRole('button', { name: 'Move' }).click();
    await ann.page.getByText('Moved 2 messages to Surveys.').waitFor();
    await until(async () => (await bo.message('By two degrees.').count()) === 0, 'it is gone here');
    await topic(bo, /^Surveys/).click();
    await bo.message('By two degrees.').waitFor();
    await bo.message('The north one, too.').waitFor();
    await ann.page.getByRole('button', { name: 'Undo' }).click();
    await ann.message('By two degrees.').waitFor();
    await until(async () => (await bo.message('By two degrees.').count()) === 0, 'it is back');
  });

  it('follows an address to a message wherever it stands now', async () => {
    const { messages } = await bo.api(`/spaces/${space}/messages`);
    const found = messages.find(
      (/** @type {{ text: string }} */ one) => one.text === 'By two degrees.',
    );
    await bo.page.goto(`${bo.origin}/s/${space}/chat#${found.id}`);
    await bo.page.locator('.glow').filter({ hasText: 'By two degrees.' }).waitFor();
    assert.match(bo.page.url(), /\/topic\//);
  });

  it('mutes and resolves', async () => {
    await bo.page.getByRole('button', { name: 'More about this topic' }).click();
    await bo.accessible('topic-menu');
    await bo.page.getByRole('menuitemcheckbox', { name: 'Mute' }).click();
    await bo.page.getByText('· muted').waitFor();
    await bo.go('chat');
    await bo.composer.waitFor();
    await ann.say('Nobody hears this.');
    await until(async () => {
      const topics = await bo.api(`/spaces/${space}/topics`);
      return topics.some(
        (/** @type {{ unread: number, attention: string }} */ one) =>
          one.unread === 1 && one.attention === 'muted',
      );
    }, 'it is counted');
    assert.equal(await topic(bo, /unread/).count(), 0);
    await ann.page.getByRole('button', { name: 'More about this topic' }).click();
    await ann.page.getByRole('menuitem', { name: 'Resolve' }).click();
    await until(async () => (await topic(bo, /Quay walls/).count()) === 0, 'it leaves the list');
    await bo.page.getByRole('button', { name: /^Show all/ }).click();
    await topic(bo, /Quay walls ?, muted ?, resolved/).waitFor();
    await bo.accessible('topics-all');
  });

  it('fits a phone', async () => {
    const state = await ann.context.storageState();
    const phone = await Person.enter(browser, `${ann.origin}/s/${space}`, 'Ann-phone', {
      phone: true,
      state,
    });
    await phone.page.getByRole('button', { name: /^Show all/ }).tap();
    await phone.accessible('topics');
    await topic(phone, /Quay walls/).tap();
    await phone.message('They lean to the left.').waitFor();
    await phone.accessible('topic');
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
    phone.calm();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
