/** Two people on two computers: a space, an invitation, words and files, at a desk and on a phone. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

const stamp = Date.now().toString(36);
const spaceName = `Tour ${stamp}`;

describe('the tour', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';

  before(async () => {
    assert.equal(pages.length, 2, 'COMPEER_PAGES names two pages');
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
  });
  after(async () => {
    await browser?.close();
  });

  /** What the node counts as unread in the space. @param {Person} person */
  const unread = async (person) => {
    /** @type {{ space: string, unread: number }[]} */
    const spaces = await person.api('/spaces');
    return spaces.find((item) => item.space === space)?.unread;
  };

  it('creates a space', async () => {
    await ann.accessible('start');
    await ann.command('Create a space');
    const dialog = ann.page.getByRole('dialog', { name: 'Create a space' });
    await dialog.waitFor();
    await ann.accessible('create');
    await dialog.getByLabel('Name').fill(spaceName);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await ann.page.getByText('Just you so far').waitFor();
    space = ann.space;
    assert.notEqual(space, '');
    await ann.accessible('empty-chat');
  });

  it('invites, and joins by the invitation as text', async () => {
    await ann.page.getByRole('button', { name: 'Invite someone' }).click();
    const invite = ann.page.getByRole('dialog', { name: `Invite to ${spaceName}` });
    await invite.waitFor();
    await ann.accessible('invite');
    await invite.getByRole('button', { name: 'Make an invitation' }).click();
    const text = await invite.getByRole('textbox', { name: 'Invitation' }).inputValue();
    assert.match(text, /^compeer1/);
    await invite.getByRole('img', { name: 'The invitation as a QR code' }).waitFor();
    await ann.accessible('invitation');
    await invite.getByRole('button', { name: 'Done' }).click();

    await bo.command('Join with an invitation');
    const join = bo.page.getByRole('dialog', { name: 'Join a space' });
    await join.getByRole('textbox', { name: 'Invitation' }).fill(text);
    await join.getByText(spaceName).waitFor();
    await bo.accessible('join');
    await join.getByRole('button', { name: 'Join', exact: true }).click();
    await bo.composer.waitFor({ timeout: 60_000 });
    assert.equal(bo.space, space);
    await ann.page
      .getByRole('region', { name: 'Members' })
      .getByRole('link', { name: /Bo/ })
      .waitFor();
  });

  it('shows a message at once and says honestly who has it', async () => {
    await ann.say(`Hello from Ann ${stamp}`);
    await ann.message(`Hello from Ann ${stamp}`).waitFor();
    await bo.message(`Hello from Ann ${stamp}`).waitFor();
    const held = ann
      .message(`Hello from Ann ${stamp}`)
      .getByRole('button', { name: /^held by all 2/ });
    await held.waitFor();
    await held.click();
    const holders = ann.page.getByRole('dialog', { name: 'Who has this message' });
    await holders.getByRole('listitem').filter({ hasText: 'Bo' }).waitFor();
    await ann.page.keyboard.press('Escape');
    await ann.accessible('chat');
  });

  it('draws people’s words as words', async () => {
    const nasty = `<img src=x onerror="document.title='owned'"> \u202eesrever https://example.org/${stamp}`;
    await bo.say(nasty);
    const row = ann.message(stamp).filter({ hasText: '<img src=x' });
    await row.waitFor();
    await row.getByText('U+202E').waitFor();
    const link = row.getByRole('link', { name: `https://example.org/${stamp}` });
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow');
    assert.equal(await ann.page.getByRole('img', { name: 'x' }).count(), 0);
    assert.doesNotMatch(await ann.page.title(), /owned/);
  });

  it('says who is writing', async () => {
    // Somebody who writes goes on writing: one sign may come before the message that was said just before it.
    const seen = ann.page.getByText('Bo is writing…').waitFor();
    const typing = bo.composer.pressSequentially('Thinking about it, slowly', { delay: 300 });
    await Promise.all([seen, typing]);
    await bo.composer.fill('');
  });

  it('hands over a file', async () => {
    const words = `concrete ${stamp}\n`;
    await ann.page.locator('form[aria-label="New message"] input[type=file]').setInputFiles({
      name: `note-${stamp}.txt`,
      mimeType: 'text/plain',
      buffer: Buffer.from(words),
    });
    await ann.page.getByRole('button', { name: `Leave out note-${stamp}.txt` }).waitFor();
    await ann.accessible('attached');
    await ann.say(`Here it is ${stamp}`);
    const about = bo.message(`Here it is ${stamp}`);
    await about.getByRole('button', { name: `note-${stamp}.txt` }).waitFor();
    await about.getByRole('button', { name: 'Fetch' }).waitFor();
    await bo.accessible('chat-file');
    await bo.go('files', space);
    const row = bo.page.getByRole('row').filter({ hasText: `note-${stamp}.txt` });
    await row.getByText('not here').waitFor();
    await bo.accessible('files');
    await row.getByRole('button', { name: `Fetch note-${stamp}.txt` }).click();
    await row.getByText('here', { exact: true }).waitFor();
    await row.getByRole('link', { name: `note-${stamp}.txt`, exact: true }).click();
    const panel = bo.page.getByRole('complementary', { name: 'File' });
    const [download] = await Promise.all([
      bo.page.waitForEvent('download'),
      panel.getByRole('link', { name: 'Save a copy' }).click(),
    ]);
    const stream = await download.createReadStream();
    /** @type {Buffer[]} */ const parts = [];
    for await (const part of stream) parts.push(part);
    assert.equal(Buffer.concat(parts).toString(), words);
    await bo.accessible('file');
    await bo.page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
  });

  it('shows a pasted picture in the conversation, and notes when its file is gone', async () => {
    await ann.composer.evaluate((field) => {
      const dot =
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
      const bytes = Uint8Array.from(atob(dot), (letter) => letter.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], 'image.png', { type: 'image/png' }));
      field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
    });
    await ann.page.getByRole('button', { name: 'Leave out image.png' }).waitFor();
    await ann.composer.press('Control+Enter');
    await ann.conversation.getByRole('img', { name: 'image.png' }).waitFor();
    /** @type {{ id: string, name: string }[]} */
    const files = await ann.api(`/spaces/${space}/files`);
    const picture = files.find(({ name }) => name === 'image.png');
    await bo.go('chat', space);
    await bo.conversation.getByRole('button', { name: 'image.png', exact: true }).waitFor();
    await ann.page.evaluate(
      (path) => fetch(path, { method: 'DELETE' }),
      `/api/v1/spaces/${space}/files/${picture?.id}`,
    );
    await bo.message('This file is no longer on the list.').waitFor();
    await ann.message('This file is no longer on the list.').waitFor();
  });

  it('never moves what is being read', async () => {
    for (let n = 1; n <= 60; n++) {
      await ann.api(`/spaces/${space}/messages`, { text: `line ${n} of ${stamp}` });
    }
    await bo.go('chat', space);
    await bo.message(`line 60 of ${stamp}`).waitFor();
    await bo.conversation.evaluate((element) => {
      element.scrollTop = element.scrollHeight / 2;
    });
    const top = () =>
      bo.conversation.evaluate((element) => {
        const edge = element.getBoundingClientRect().top;
        const rows = [...element.querySelectorAll('[data-row]')];
        const row = rows.find((item) => item.getBoundingClientRect().bottom > edge);
        return [row?.getAttribute('data-row'), Math.round(row?.getBoundingClientRect().top ?? 0)];
      });
    // Older messages that are asked for by the scrolling arrive first.
    /** @type {unknown} */ let place;
    await until(async () => {
      const now = await top();
      const still = JSON.stringify(now) === JSON.stringify(place);
      place = now;
      return still;
    }, 'the list to come to rest');
    for (let n = 1; n <= 3; n++) await ann.api(`/spaces/${space}/messages`, { text: `late ${n}` });
    const more = bo.page.getByRole('button', { name: '3 new messages' });
    await more.waitFor();
    assert.deepEqual(await top(), place);
    await more.click();
    await bo.message('late 3').waitFor();
    await more.waitFor({ state: 'detached' });
    await until(async () => (await unread(bo)) === 0, 'all of it to be read');
  });

  it('counts what is unread elsewhere, and forgets it when it is seen', async () => {
    await bo.page.getByRole('link', { name: 'Network' }).first().click();
    await bo.page.getByRole('heading', { name: 'This device' }).waitFor();
    await bo.accessible('network');
    await bo.readAll();
    await until(async () => !(await bo.page.title()).startsWith('('), 'nothing unread');
    await ann.say(`Are you there, ${stamp}?`);
    await until(async () => (await bo.page.title()).startsWith('(1)'), 'a count in the title');
    await bo.page.getByRole('link', { name: `${spaceName}, 1 unread message` }).click();
    await bo.page.getByTestId('new-divider').waitFor();
    await until(async () => !(await bo.page.title()).startsWith('('), 'the count to go');
  });

  it('keeps a message that could not be sent, and sends it again', async () => {
    await ann.page.route('**/messages', (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({
            status: 507,
            contentType: 'application/problem+json',
            body: JSON.stringify({
              title: 'disk full',
              status: 507,
              code: 'disk-full',
              detail: 'The disk is full.',
              hint: 'Free some space.',
            }),
          })
        : route.continue(),
    );
    await ann.say(`Second try ${stamp}`);
    const row = ann.message(`Second try ${stamp}`);
    await row.getByText('The disk is full. Free some space.').waitFor();
    await ann.page.unroute('**/messages');
    await row.getByRole('button', { name: 'Try again' }).click();
    await bo.message(`Second try ${stamp}`).waitFor();
    assert.equal(await ann.message(`Second try ${stamp}`).count(), 1);
  });

  it('renames the space for everybody', async () => {
    await ann.command('Rename space');
    const dialog = ann.page.getByRole('dialog', { name: 'Rename space' });
    await dialog.getByLabel('Name').fill(`${spaceName} two`);
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await bo.page.getByRole('navigation', { name: `${spaceName} two` }).waitFor();
  });

  it('shows people, their devices and what they may do', async () => {
    await ann.go('people', space);
    await ann.page.getByRole('link', { name: /Details of Bo/ }).click();
    const panel = ann.page.getByRole('complementary', { name: 'Person' });
    await panel.getByRole('radio', { name: 'Write' }).waitFor();
    await ann.accessible('person');
    await panel.getByText('Read', { exact: true }).click();
    await bo.go('chat', space);
    await bo.page.getByText('You can read here.').waitFor();
    await ann.page.getByRole('button', { name: 'Undo' }).click();
    await bo.composer.waitFor();
  });

  /** Whether the middle of it is what a pointer there would hit. @param {import('playwright-core').Locator} thing */
  const inReach = (thing) =>
    thing.evaluate((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      const hit = document.elementFromPoint(x + width / 2, y + height / 2);
      return hit !== null && (element === hit || element.contains(hit));
    });

  it('covers nothing that is in use, at any width', async () => {
    await ann.go('chat', space);
    await ann.composer.fill('Half a thought');
    const send = ann.page.getByRole('button', { name: 'Send', exact: true });
    await ann.page.getByRole('button', { name: 'Show people' }).click();
    const people = ann.page.getByRole('complementary', { name: 'People' });
    await people.getByRole('link', { name: /Details of Bo/ }).waitFor();
    for (const width of [1440, 1100, 900, 720]) {
      await ann.page.setViewportSize({ width, height: 900 });
      await until(() => inReach(send), `Send to be in reach at ${width} pixels`);
      // Once the detail has come in.
      const wide = () => ann.page.evaluate(() => document.documentElement.scrollWidth);
      await until(async () => (await wide()) <= width, `nothing to stick out at ${width} pixels`);
    }
    await ann.page.keyboard.press('Escape');
    await people.waitFor({ state: 'detached' });

    // The list makes room for what was opened from it, and has the focus again afterwards.
    const list = ann.page.getByRole('navigation', { name: `${spaceName} two` });
    const bosRow = list.getByRole('link', { name: 'Bo Tanaka' });
    await bosRow.click();
    const person = ann.page.getByRole('complementary', { name: 'Person' });
    await person.waitFor();
    await list.waitFor({ state: 'hidden' });
    await until(
      () => person.evaluate((panel) => panel === document.activeElement),
      'the focus in it',
    );
    // From a button, too, whose tip would take the key for itself.
    await ann.page.keyboard.press('Tab');
    await ann.page.getByRole('tooltip').waitFor({ state: 'attached' });
    await ann.page.keyboard.press('Escape');
    await bosRow.waitFor();
    await until(() => bosRow.evaluate((row) => row === document.activeElement), 'the focus back');
    await ann.page.setViewportSize({ width: 1440, height: 900 });

    // A notice stands above where one writes.
    const row = ann.message(`Second try ${stamp}`);
    await row.hover();
    await row.getByRole('button', { name: 'More about this message' }).click();
    await ann.page.getByRole('menuitem', { name: 'Copy text' }).click();
    await ann.page.getByText('Copied.').waitFor();
    assert.ok(await inReach(send), 'Send is in reach below a notice');
    await ann.composer.fill('');
  });

  it('says that nothing is known of the others while the own node does not answer', async () => {
    await ann.page.getByRole('link', { name: 'Network' }).first().click();
    const row = ann.page.getByRole('row').filter({ hasText: 'Bo Tanaka' });
    await row.getByText(/^direct/).waitFor();
    await ann.page.route('**/api/**', (route) => route.abort());
    await ann.page.getByText('Compeer on this computer does not answer.').waitFor();
    await row.getByText('unknown').waitFor();
    await ann.accessible('down');
    await ann.page.unroute('**/api/**');
    await row.getByText(/^direct/).waitFor();
    await ann.page
      .getByText('Compeer on this computer does not answer.')
      .waitFor({ state: 'detached' });
  });

  it('works with the keyboard alone, and gives the focus back', async () => {
    await ann.go('files', space);
    await ann.page.getByRole('row').nth(1).waitFor();
    await ann.page.keyboard.press('j');
    await ann.page.keyboard.press('Enter');
    await ann.page.getByRole('complementary', { name: 'File' }).waitFor();
    await ann.page.keyboard.press('?');
    await ann.page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await ann.accessible('shortcuts');
    await ann.page.keyboard.press('Escape');
    await ann.page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.match(
      await ann.page.evaluate(() => document.activeElement?.textContent ?? ''),
      /note-/,
      'the focus is back on the file',
    );
    await ann.page.keyboard.press('Escape');
    await ann.page.getByRole('complementary', { name: 'File' }).waitFor({ state: 'detached' });

    await ann.go('chat', space);
    await ann.message(`Second try ${stamp}`).waitFor();
    await ann.page.keyboard.press('Escape');
    await ann.page.keyboard.press('k');
    await ann.page.keyboard.press('k');
    await ann.page.keyboard.press('j');
    const focused = () =>
      ann.page.evaluate(() => document.activeElement?.closest('[data-row]')?.id);
    const newest = await focused();
    assert.equal(newest, await ann.page.locator('[data-row]').last().getAttribute('id'));
    await ann.page.keyboard.press('Tab');
    assert.equal(await focused(), newest, 'its own buttons come next');
    assert.equal(await ann.page.evaluate(() => document.activeElement?.tagName), 'BUTTON');
    const more = ann.page.locator('[aria-label="More about this message"]:focus');
    for (let tabs = 0; tabs < 6 && (await more.count()) === 0; tabs++) {
      await ann.page.keyboard.press('Tab');
    }
    assert.equal(await more.count(), 1, 'all of its buttons can be reached');
  });

  it('keeps the chosen theme over a reload', async () => {
    await ann.page.getByRole('link', { name: 'Settings', exact: true }).click();
    await ann.page.getByText('Dark', { exact: true }).click();
    await ann.page.reload();
    await ann.page.getByRole('heading', { name: 'Settings' }).waitFor();
    assert.equal(await ann.page.locator('html').getAttribute('data-theme'), 'dark');
    await ann.accessible('settings');
  });

  it('fits a phone, one pane at a time', async () => {
    const state = await bo.context.storageState();
    const address = `${bo.origin}/s/${space}/chat`;
    const phone = await Person.enter(browser, address, 'phone', { phone: true, state });
    await phone.composer.waitFor();
    await phone.accessible('phone-chat');
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `nothing sticks out: ${wide}`);
    // What could not be sent stays in sight, with the way on.
    await phone.page.route('**/messages', (route) =>
      route.request().method() === 'POST' ? route.fulfill({ status: 507 }) : route.continue(),
    );
    await phone.say(`Not from here ${stamp}`);
    const failed = phone.message(`Not from here ${stamp}`);
    const discard = failed.getByRole('button', { name: 'Discard' });
    await discard.waitFor();
    await until(async () => {
      const view = await phone.conversation.boundingBox();
      const way = await discard.boundingBox();
      return view && way && way.y + way.height <= view.y + view.height;
    }, 'the failure to be in sight');
    await discard.click();
    await failed.waitFor({ state: 'detached' });
    await phone.page.unroute('**/messages');
    await phone.page.getByRole('button', { name: 'Back' }).click();
    const sidebar = phone.page.getByRole('navigation', { name: `${spaceName} two` });
    // A person's page leads back to where it was opened from.
    await sidebar.getByRole('link', { name: 'Ann Lee' }).click();
    await phone.page.getByRole('heading', { name: 'Person' }).waitFor();
    await phone.accessible('phone-person');
    await phone.page.getByRole('button', { name: 'Back' }).first().click();
    await sidebar.getByRole('link', { name: 'Files' }).click();
    const note = phone.page.getByRole('link', { name: `note-${stamp}.txt`, exact: true });
    await note.waitFor();
    // Whose it is stands in its card, too.
    const card = phone.page.getByRole('listitem').filter({ has: note });
    await card.getByText('Ann Lee').waitFor();
    await phone.accessible('phone-files');
    const places = phone.page.getByRole('navigation', { name: 'Places' });
    await places.getByRole('link', { name: /^Network/ }).click();
    await phone.accessible('phone-network');
    await places.getByRole('link', { name: 'Me' }).click();
    await phone.accessible('phone-settings');
    phone.calm();
    await phone.context.close();
  });

  it('deletes the space only by its name, and tells the others', async () => {
    await ann.go('chat', space);
    await ann.page.getByRole('button', { name: /actions for this space/ }).click();
    await ann.page.getByRole('menuitem', { name: 'Delete space…' }).click();
    const dialog = ann.page.getByRole('dialog', { name: /Delete .* for everybody/ });
    const button = dialog.getByRole('button', { name: 'Delete for everybody' });
    assert.ok(await button.isDisabled());
    await dialog.getByRole('textbox').fill(`${spaceName} two`);
    await button.click();
    await dialog.waitFor({ state: 'detached' });
    await bo.page.getByText(/Deleted for everybody|This space is not here/).waitFor();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
