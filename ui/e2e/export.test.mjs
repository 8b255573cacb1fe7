/** A space becomes a folder at a button, and an archive becomes a space in which everybody is only said to have spoken. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person } from './helpers.mjs';
import { zip } from './zip.mjs';

/** @import { Browser } from 'playwright-core' */

const slack = zip({
  'users.json': [{ id: 'U1', name: 'dora', real_name: 'Dora Quist' }],
  'channels.json': [
    { id: 'C1', name: 'general', is_general: true, created: 1512000000, creator: 'U1' },
  ],
  'general/2017-11-30.json': [
    {
      type: 'message',
      user: 'U1',
      text: 'the *crane* creaks',
      ts: '1512085950.000216',
      reactions: [{ name: 'eyes', users: ['U1'] }],
    },
  ],
});

describe('exports and imports', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    const { space } = await ann.api('/spaces', { name: `Quay ${Date.now()}` });
    await ann.go('chat', space);
    await ann.say('What shall stay readable.');
    await ann.message('What shall stay readable.').waitFor();
  });
  after(async () => {
    await browser.close();
  });

  it('writes a space as a folder, and says where it is', async () => {
    await ann.page.getByRole('button', { name: /actions for this space/ }).click();
    await ann.page.getByRole('menuitem', { name: 'Export space' }).click();
    const dialog = ann.page.getByRole('dialog', { name: /^Export Quay/ });
    await ann.accessible('export');
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
    await dialog.getByText('It is there:').waitFor();
    await ann.accessible('export-done');
    const path = await dialog.locator('p.font-mono').innerText();
    assert.ok(existsSync(join(path, 'manifest.sig')), path);
    const month = new Date().toISOString().slice(0, 7);
    const talk = readFileSync(join(path, `messages/general/${month}.md`), 'utf8');
    assert.match(talk, /\*\*Ann Lee\*\*[^]*> What shall stay readable\./);
    await dialog.getByRole('button', { name: 'Done' }).click();
  });

  it('makes a space of an archive, and marks what others are said to have said', async () => {
    await ann.page.getByRole('button', { name: 'New space' }).click();
    await ann.page.getByRole('menuitem', { name: 'Import a space' }).click();
    const dialog = ann.page.getByRole('dialog', { name: 'Import a space' });
    await ann.accessible('import');
    await dialog.locator('input[type=file]').setInputFiles({
      name: 'Wharf Slack export Nov 1 2017 - Dec 1 2017.zip',
      mimeType: 'application/zip',
      buffer: slack,
    });
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await dialog.getByText('Wharf is here.').waitFor();
    await ann.accessible('import-done');
    await dialog.getByRole('button', { name: 'Open the space' }).click();
    const message = ann.message('the crane creaks');
    await message.waitFor();
    await message.getByText('Dora Quist', { exact: true }).waitFor();
    await message
      .getByText(/Imported by Ann Lee, who says who wrote it/)
      .waitFor({ state: 'attached' });
    await ann.accessible('imported');
  });

  it('says what is wrong with a file that is none, and leaves nothing', async () => {
    const before = (await ann.api('/spaces')).length;
    await ann.page.getByRole('button', { name: 'New space' }).click();
    await ann.page.getByRole('menuitem', { name: 'Import a space' }).click();
    const dialog = ann.page.getByRole('dialog', { name: 'Import a space' });
    await dialog.locator('input[type=file]').setInputFiles({
      name: 'photo.zip',
      mimeType: 'application/zip',
      buffer: Buffer.from('no archive at all'),
    });
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await dialog
      .getByRole('alert')
      .getByText(/is no export of Compeer, Slack or Zulip/)
      .waitFor();
    await ann.accessible('import-refused');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await ann.api('/spaces')).length, before);
  });

  it('fits a phone, in the dark', async () => {
    const state = await ann.context.storageState();
    const phone = await Person.enter(browser, `${ann.origin}/s/${ann.space}/chat`, 'Ann-phone', {
      phone: true,
      dark: true,
      state,
    });
    await phone.message('the crane creaks').waitFor();
    await phone.accessible('imported');
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
    phone.calm();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
  });
});
