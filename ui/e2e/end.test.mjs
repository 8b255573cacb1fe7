/** Two people at two peers: a space is archived and taken back, its messages get a time, and it is deleted for everybody. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

describe('the end of a space', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';
  const name = `Pier ${Date.now()}`;

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    const { space: made } = await ann.api('/spaces', { name });
    space = made;
    const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
    await bo.api('/spaces/join', { invite });
    await ann.go('chat', space);
    await bo.go('chat', space);
    await ann.composer.waitFor();
    await bo.composer.waitFor();
    await ann.say('What is said stays.');
    await bo.message('What is said stays.').waitFor();
  });
  after(async () => {
    await browser.close();
  });

  /** Opens the space's menu. @param {Person} who */
  const menu = async (who) => {
    await who.page.getByRole('button', { name: /actions for this space/ }).click();
  };

  it('says how long messages stay, to all', async () => {
    await menu(ann);
    await ann.page.getByRole('menuitem', { name: 'How long messages stay…' }).click();
    await ann.page.getByText('For some days').click();
    await ann.page.getByRole('textbox', { name: 'Days' }).fill('5');
    await ann.page.getByText('A number from 7 to 3,650').waitFor();
    await ann.page.getByRole('textbox', { name: 'Days' }).fill('90');
    await ann.accessible('retention-dialog');
    await ann.page.getByRole('button', { name: 'Delete after 90 days' }).click();
    for (const who of [ann, bo]) {
      await who.page
        .getByText(/^Messages older than 90 days are deleted on every computer from/)
        .waitFor();
    }
    await bo.accessible('retention-line');
    await menu(bo);
    assert.equal(
      await bo.page.getByRole('menuitem', { name: 'How long messages stay…' }).count(),
      0,
    );
    await bo.page.keyboard.press('Escape');
  });

  it('archives it, so that nobody writes until it is taken back', async () => {
    await menu(ann);
    await ann.page.getByRole('menuitem', { name: 'Archive space…' }).click();
    await ann.accessible('archive-dialog');
    await ann.page.getByRole('button', { name: 'Archive', exact: true }).click();
    await ann.page.getByText('archived this space').waitFor();
    await bo.page.getByText('archived this space').waitFor();
    assert.equal(await bo.composer.count(), 0);
    assert.equal(await bo.page.getByRole('button', { name: 'Take it back' }).count(), 0);
    await bo.message('What is said stays.').waitFor();
    await ann.page
      .getByRole('link', { name: `${name}, archived` })
      .first()
      .waitFor();
    await ann.accessible('archived');
    await bo.accessible('archived-dark');
    await bo.page.setViewportSize({ width: 390, height: 844 });
    await bo.page.getByText('archived this space').waitFor();
    await bo.accessible('archived-phone');
    await bo.page.setViewportSize({ width: 1440, height: 900 });
    await ann.page.getByRole('button', { name: 'Take it back' }).click();
    await ann.composer.waitFor();
    await bo.composer.waitFor();
    await bo.say('And on it goes.');
    await ann.message('And on it goes.').waitFor();
  });

  it('is gone for all when it is deleted, and says so', async () => {
    await menu(ann);
    await ann.page.getByRole('menuitem', { name: 'Delete space…' }).click();
    await ann.page.getByLabel(/^Type “/).fill(name);
    await ann.accessible('delete-dialog');
    await ann.page.getByRole('button', { name: 'Delete for everybody' }).click();
    await bo.page.getByRole('heading', { name: 'Deleted for everybody' }).waitFor();
    await bo.page.getByText('Everybody has heard of it.').waitFor();
    assert.equal(await bo.message('What is said stays.').count(), 0);
    await bo.accessible('deleted');
    await until(
      async () => !(await ann.api('/spaces')).some((/** @type {any} */ one) => one.space === space),
      'it is off the list of who deleted it',
    );
    await bo.page.getByRole('button', { name: 'Take off the list…' }).click();
    await bo.page.getByRole('button', { name: 'Remove', exact: true }).click();
    await until(
      async () => !(await bo.api('/spaces')).some((/** @type {any} */ one) => one.space === space),
      'it is off the list',
    );
  });
});
