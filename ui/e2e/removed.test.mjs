/** Somebody is removed, goes on writing without knowing, and comes back: nothing is lost, and nothing is pretended. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

const spaceName = `Removed ${Date.now().toString(36)}`;

describe('somebody who was removed', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';

  const bring = async () => {
    const { invite } = await ann.api(`/spaces/${space}/invitations`, { level: 'write' });
    await bo.api('/spaces/join', { invite });
  };

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    ({ space } = await ann.api('/spaces', { name: spaceName }));
    await bring();
    await ann.go('chat', space);
    await bo.go('chat', space);
    await bo.say('before');
    await ann.message('before').waitFor();
  });
  after(async () => {
    await browser?.close();
  });

  it('is told so', async () => {
    const me = await bo.api('/status');
    const removed = await ann.api(`/spaces/${space}/members/${me.person}`, undefined, 'DELETE');
    assert.deepEqual(removed, {});
    await bo.say('into the void');
    await bo.say('and this, too');
    await bo.message('and this, too').waitFor();
    // Nobody may tell; it shows in that everybody refuses, again and again.
    await bo.page.getByText('do not let this computer in').waitFor({ timeout: 60_000 });
    await bo.accessible('shut-out');
  });

  it('sees what reached nobody after coming back, and sends or discards it', async () => {
    await bring();
    const lost = bo.message('into the void');
    await lost.getByText('Not delivered').waitFor();
    await bo.page.getByText('do not let this computer in').waitFor({ state: 'hidden' });
    await bo.page.getByText('2 things you wrote or shared here reached nobody').waitFor();
    await bo.accessible('undelivered');
    await bo.page.setViewportSize({ width: 390, height: 844 });
    await bo.accessible('undelivered-phone');
    await bo.page.setViewportSize({ width: 1440, height: 900 });
    await bo.message('and this, too').getByRole('button', { name: 'Discard', exact: true }).click();
    await bo.message('and this, too').waitFor({ state: 'detached' });
    await lost.getByRole('button', { name: 'Send again' }).click();
    await ann.message('into the void').waitFor();
    await lost.getByRole('button', { name: /^held by all 2/ }).waitFor();
    await until(async () => (await lost.count()) === 1, 'the old one to go');
    await bo.page.getByText('reached nobody').waitFor({ state: 'detached' });
    assert.equal(await ann.message('and this, too').count(), 0);
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
