/** Two people at two peers keep track of what is to be done: by keyboard, on a board, by talk; and on a phone. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

describe('issues', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    const { space: made } = await ann.api('/spaces', { name: `Website ${Date.now()}` });
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

  /** The row or card of an issue. @param {Person} who @param {string | RegExp} name */
  const issue = (who, name) => who.page.locator('main').getByRole('link', { name });
  /** @param {Person} who @param {string} name */
  const column = (who, name) => who.page.getByRole('region', { name, exact: true });
  /** @param {Person} who @param {string} title */
  const dialog = (who, title) => who.page.getByRole('dialog', { name: title });
  /** @param {Person} who */
  const toIssues = async (who) => {
    await who.page.getByRole('navigation').getByRole('link', { name: 'Issues' }).click();
    await who.page.getByRole('heading', { name: 'Issues', level: 1 }).waitFor();
  };

  it('says what issues are where there are none', async () => {
    await toIssues(ann);
    await ann.page.getByText('Nothing to do').waitFor();
    await ann.accessible('issues-empty');
    await ann.page.goBack();
    await ann.composer.waitFor();
  });

  it('makes one from anywhere with C, a title and Enter', async () => {
    await ann.composer.waitFor();
    await ann.page.keyboard.press('Escape');
    await ann.page.locator('body').press('c');
    await dialog(ann, 'New issue').waitFor();
    await ann.accessible('issue-new');
    await ann.page.keyboard.type('Crane creaks');
    await ann.page.keyboard.press('Enter');
    await ann.page.getByText('WEB-1 is made.').waitFor();
    await toIssues(ann);
    await issue(ann, 'WEB-1 Crane creaks').waitFor();
    await toIssues(bo);
    await issue(bo, 'WEB-1 Crane creaks').waitFor();
  });

  it('is worked by keyboard: status, priority, assignee, labels, due day', async () => {
    for (const title of ['Paint the door', 'Order ladders']) {
      await ann.page.keyboard.press('c');
      await dialog(ann, 'New issue').waitFor();
      await ann.page.keyboard.type(title);
      await ann.page.keyboard.press('Enter');
      await issue(ann, new RegExp(title)).waitFor();
    }
    await issue(ann, /WEB-1/).focus();
    for (const [key, title, typed] of [
      ['s', 'Status', 'in prog'],
      ['p', 'Priority', 'urgent'],
      ['a', 'Assignee', 'Bo'],
      ['d', 'Due day', 'tomorrow'],
    ]) {
      await ann.page.keyboard.press(key ?? '');
      await dialog(ann, title ?? '').waitFor();
      await ann.page.keyboard.type(typed ?? '');
      await ann.page.keyboard.press('Enter');
      await dialog(ann, title ?? '').waitFor({ state: 'detached' });
      await until(
        async () =>
          (await ann.page.evaluate(() =>
            document.activeElement?.getAttribute('aria-label')?.startsWith('WEB-1'),
          )) === true,
        'the focus is back on the issue',
      );
    }
    await ann.page.keyboard.press('l');
    await ann.page.keyboard.type('noise');
    await dialog(ann, 'Labels').getByRole('option', { name: 'New label “noise”' }).waitFor();
    await ann.accessible('issue-labels');
    await ann.page.keyboard.press('Enter');
    await dialog(ann, 'Labels').getByRole('option', { name: 'noise', selected: true }).waitFor();
    await ann.page.keyboard.press('Escape');
    await until(async () => {
      const { issues } = await bo.api(`/spaces/${space}/issues`);
      const one = issues.find((/** @type {{ key: string }} */ found) => found.key === 'WEB-1');
      return (
        one?.status === 'doing' &&
        one.priority === 'urgent' &&
        one.assignee?.name === 'Bo Tanaka' &&
        one.due !== null &&
        one.labels.length === 1
      );
    }, 'Bo has all of it');
    await bo.page.getByRole('button', { name: /^In progress/ }).waitFor();
    await bo.accessible('issues-list');
    await ann.accessible('issues-list');
  });

  it('changes many at once, and takes it back', async () => {
    await issue(ann, /WEB-2/).focus();
    await ann.page.keyboard.press('x');
    await issue(ann, /WEB-3/).focus();
    await ann.page.keyboard.press('x');
    await ann.page.getByText('2 chosen').waitFor();
    await ann.accessible('issues-chosen');
    await ann.page.keyboard.press('s');
    await ann.page.keyboard.type('todo');
    await ann.page.keyboard.press('Enter');
    await ann.page.getByText('2 issues set to Todo.').waitFor();
    await bo.page.getByRole('button', { name: /^Todo\s*2/ }).waitFor();
    await ann.page.getByRole('button', { name: 'Undo' }).click();
    await bo.page.getByRole('button', { name: /^Backlog\s*2/ }).waitFor();
    await ann.page.keyboard.press('Escape');
    await until(
      async () => (await ann.page.getByText('2 chosen').count()) === 0,
      'nothing is chosen',
    );
  });

  it('filters, and saves a view for everybody', async () => {
    await ann.page.getByRole('button', { name: 'Filter', exact: true }).click();
    await ann.page.getByLabel('Filter by').selectOption('label');
    await ann.page.getByRole('checkbox', { name: 'noise' }).check();
    await ann.accessible('issues-filter');
    await ann.page.keyboard.press('Escape');
    await until(async () => (await issue(ann, /WEB-2/).count()) === 0, 'the others are gone');
    await issue(ann, /WEB-1/).waitFor();
    await ann.page.getByRole('button', { name: 'More about issues' }).click();
    await ann.page.getByRole('menuitem', { name: 'Save this view…' }).click();
    await dialog(ann, 'Save this view').getByLabel('Name').fill('Noisy');
    await ann.page.keyboard.press('Enter');
    await bo.page.getByRole('button', { name: 'Noisy', exact: true }).click();
    await until(async () => (await issue(bo, /WEB-2/).count()) === 0, 'Bo sees the same view');
    await bo.page.reload();
    await issue(bo, /WEB-1/).waitFor();
    assert.equal(await issue(bo, /WEB-2/).count(), 0);
    await bo.page.getByRole('button', { name: 'Mine', exact: true }).click();
    await issue(bo, /WEB-1/).waitFor();
    await ann.page.locator('main').getByRole('button', { name: 'Open', exact: true }).click();
    await ann.page.getByPlaceholder('Find').fill('ladd');
    await until(async () => (await issue(ann, /WEB-1/).count()) === 0, 'only what has the word');
    await issue(ann, /WEB-3/).waitFor();
    await ann.page.getByPlaceholder('Find').fill('');
    await issue(ann, /WEB-1/).waitFor();
  });

  it('moves cards of the board by pointer and by keyboard', async () => {
    await ann.page.getByRole('button', { name: 'Show as a board' }).click();
    const card = issue(ann, /WEB-2/);
    const from = await card.boundingBox();
    const to = await column(ann, 'In review').boundingBox();
    assert.ok(from && to);
    await ann.page.mouse.move(from.x + 40, from.y + 20);
    await ann.page.mouse.down();
    await ann.page.mouse.move(from.x + 80, from.y + 40, { steps: 4 });
    await ann.page.mouse.move(to.x + 100, to.y + 200, { steps: 8 });
    await ann.shot('issues-dragged-Ann');
    await ann.page.mouse.up();
    await column(ann, 'In review').getByRole('link', { name: /WEB-2/ }).waitFor();
    assert.match(ann.page.url(), /\/issues\?/, 'a drop opens nothing');
    await issue(ann, /WEB-3/).focus();
    await ann.page.keyboard.press('Shift+ArrowRight');
    await column(ann, 'Todo').getByRole('link', { name: /WEB-3/ }).waitFor();
    await ann.page.keyboard.press('Shift+ArrowRight');
    await column(ann, 'In progress').getByRole('link', { name: /WEB-3/ }).waitFor();
    await ann.accessible('issues-board');
    await bo.page.locator('main').getByRole('button', { name: 'Open', exact: true }).click();
    await bo.page.getByRole('button', { name: /^In review\s*1/ }).waitFor();
    await bo.page.getByRole('button', { name: 'Show as a board' }).click();
    await column(bo, 'In progress').getByRole('link', { name: /WEB-3/ }).waitFor();
    await bo.accessible('issues-board');
  });

  it('is talked about where it is, between what was done', async () => {
    await issue(ann, /WEB-1/).click();
    await ann.page.getByRole('heading', { name: 'WEB-1', level: 1 }).waitFor();
    await ann.page.getByRole('button', { name: 'Add a description' }).click();
    await ann.page.getByRole('textbox', { name: 'Description' }).fill('It **creaks** since May.');
    await ann.page.keyboard.press('Control+Enter');
    await ann.page.getByText('since May.').waitFor();
    await ann.say('@Bo is there any oil?');
    await ann.message('is there any oil?').waitFor();
    await ann.page.getByText('changed the description').waitFor();
    await bo.page.getByRole('button', { name: 'Show as a list' }).click();
    await issue(bo, /WEB-1 Crane creaks, 1 unread/).click();
    await bo.message('is there any oil?').waitFor();
    await bo.say('In the shed.');
    await ann.message('In the shed.').waitFor();
    await bo.page.getByRole('textbox', { name: 'Title' }).fill('The crane creaks');
    await bo.page.keyboard.press('Enter');
    await until(
      async () =>
        (await ann.page.getByRole('textbox', { name: 'Title' }).inputValue()) ===
        'The crane creaks',
      'the title is there',
    );
    await ann.accessible('issue');
    await bo.accessible('issue');
    assert.equal(
      (await ann.api(`/spaces/${space}/messages?place=general`)).messages.length,
      0,
      'the general talk hears nothing of it',
    );
  });

  it('has parts, and others that it waits for', async () => {
    await ann.page.getByRole('button', { name: 'New part' }).click();
    await dialog(ann, 'New part').getByLabel('Title').fill('Buy oil');
    await ann.page.keyboard.press('Enter');
    await ann.page
      .getByRole('region', { name: 'Parts' })
      .getByRole('link', { name: /Buy oil/ })
      .waitFor();
    await ann.page
      .getByRole('region', { name: 'Blocked by' })
      .getByRole('button', { name: 'Add' })
      .click();
    await ann.page.keyboard.type('door');
    await dialog(ann, 'Blocked by')
      .getByRole('option', { name: /Paint the door/ })
      .click();
    await ann.page
      .getByRole('region', { name: 'Blocked by' })
      .getByRole('link', { name: /Paint the door/ })
      .waitFor();
    await ann.accessible('issue-related');
    await ann.page.keyboard.press('Escape');
    await ann.page.getByRole('heading', { name: 'Issues', level: 1 }).waitFor();
    await issue(ann, /WEB-1 The crane creaks, blocked/).waitFor();
  });

  it('imports a table after a look at it', async () => {
    await ann.page.getByRole('button', { name: 'More about issues' }).click();
    await ann.page.getByRole('menuitem', { name: 'Import a table…' }).click();
    const table =
      'Summary,Status,Due date,Team\nFrom Jira,In Progress,27/Nov/26 9:00 AM,Eng\n,Done,,\n';
    await ann.page
      .getByLabel('A table', { exact: true })
      .setInputFiles({ name: 'jira.csv', mimeType: 'text/csv', buffer: Buffer.from(table) });
    await ann.page.getByText('1 of 2 rows can be issues.').waitFor();
    await ann.page.getByText('Line 3: ').waitFor();
    await ann.accessible('issues-import');
    await ann.page.getByRole('button', { name: 'Import the good rows (1)' }).click();
    await column(ann, 'In progress')
      .getByRole('link', { name: /From Jira/ })
      .waitFor();
  });

  it('fits a phone', async () => {
    const state = await bo.context.storageState();
    const phone = await Person.enter(browser, `${bo.origin}/s/${space}`, 'Bo-phone', {
      phone: true,
      state,
    });
    await phone.page.getByRole('link', { name: 'Issues' }).tap();
    await issue(phone, /WEB-1/).waitFor();
    await phone.accessible('issues-list');
    await phone.page.getByRole('button', { name: 'Status of WEB-2' }).tap();
    await dialog(phone, 'Status').getByRole('option', { name: 'Done' }).tap();
    await phone.page.getByText('WEB-2 set to Done.').waitFor();
    await phone.page.getByRole('button', { name: 'Show as a board' }).tap();
    await phone.accessible('issues-board');
    await phone.page.getByRole('button', { name: 'Show as a list' }).tap();
    await issue(phone, /WEB-1/).tap();
    await phone.page.getByRole('heading', { name: /WEB-1/, level: 1 }).waitFor();
    await phone.message('In the shed.').waitFor();
    await phone.accessible('issue');
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
    phone.calm();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
