/** A guest takes part in one topic and one board, and sees nothing else of the space. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

describe('guests', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let gus;
  let space = '';
  const parent = `Shipyard ${Date.now()}`;

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    gus = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    ({ space } = await ann.api('/spaces', { name: parent }));
    const topic = await ann.api(`/spaces/${space}/topics`, { title: 'Crane rails' });
    await ann.api(`/spaces/${space}/messages`, { text: 'For us alone.', place: topic.id });
    await ann.api(`/spaces/${space}/boards`, { title: 'Berth plan' });
    await ann.page.goto(`${ann.origin}/s/${space}/topic/${topic.id}`);
  });
  after(async () => {
    await browser.close();
  });

  /** Uses the invitation that Ann's page shows. */
  const join = async () => {
    const { invite } = await invited;
    await gus.api('/spaces/join', { invite });
  };
  /** @type {Promise<{ invite: string }>} */ let invited;

  /** Makes the invitation of the open dialog, and waits for it. */
  const make = async () => {
    invited = ann.page
      .waitForResponse(
        (response) => /\/(invitations|rooms)$/.test(response.url()) && response.status() === 201,
      )
      .then(async (response) => {
        const made = await response.json();
        return made.invitation ?? made;
      });
    await ann.page.getByRole('button', { name: 'Make an invitation' }).click();
    await invited;
  };

  it('are invited from the menu of a topic, which says what they will see', async () => {
    await ann.message('For us alone.').waitFor();
    await ann.page.getByRole('button', { name: 'More about this topic' }).click();
    await ann.page.getByRole('menuitem', { name: 'Invite a guest…' }).click();
    const dialog = ann.page.getByRole('dialog', { name: 'Invite a guest' });
    await dialog.getByText('which begins empty').waitFor();
    await dialog.getByText('what was said at the topic').waitFor();
    assert.equal(await dialog.getByText('Manage', { exact: true }).count(), 0);
    await ann.accessible('guest-invite');
    await make();
    await ann.accessible('guest-invited');
    await dialog.getByRole('button', { name: 'Done' }).click();
  });

  it('are told before they join by whom and to what they are invited', async () => {
    const { invite } = await invited;
    await gus.command('Join with an invitation');
    const dialog = gus.page.getByRole('dialog', { name: 'Join a space' });
    await dialog.getByRole('textbox', { name: 'Invitation' }).fill(invite);
    await dialog.getByText('Ann Lee invites you as a guest').waitFor();
    await dialog.getByText('a room for one topic').waitFor();
    await gus.accessible('guest-join');
    await dialog.getByRole('button', { name: 'Join as a guest' }).click();
    await gus.composer.waitFor({ timeout: 60_000 });
    const room = gus.space;
    // Used again, it leads there.
    await gus.page.goto(`${gus.origin}/settings`);
    await gus.page.getByRole('heading', { name: 'Settings' }).first().waitFor();
    await gus.command('Join with an invitation');
    await dialog.getByRole('textbox', { name: 'Invitation' }).fill(invite);
    await dialog.getByText('You are in this room already.').waitFor();
    await gus.accessible('guest-again');
    await dialog.getByRole('button', { name: 'Go there' }).click();
    await gus.composer.waitFor();
    assert.equal(gus.space, room);
  });

  it('have the room alone, and are marked in it', async () => {
    await gus.page.goto(gus.origin);
    await gus.page.getByRole('link', { name: /^Room Crane rails/ }).click();
    await gus.page.getByText('Guests see what is said here').waitFor();
    const all = await gus.page.locator('body').innerText();
    assert.ok(!all.includes(parent) && !all.includes('For us alone.'), all);
    assert.equal(await gus.page.getByRole('region', { name: 'Topics' }).count(), 0);
    await gus.accessible('guest-empty');
    await gus.say('Hello from outside.');

    const link = ann.page.getByRole('region', { name: 'Topics' }).getByRole('link', {
      name: /With guests/,
    });
    await link.getByText('unread').waitFor();
    await link.click();
    await ann.message('Hello from outside.').getByText('guest', { exact: true }).waitFor();
    await ann.say('Welcome.');
    await gus.message('Welcome.').waitFor();
    assert.equal(await gus.message('Welcome.').getByText('guest', { exact: true }).count(), 0);
    await gus.message('Hello from outside.').getByText('guest', { exact: true }).waitFor();
    await ann.accessible('guest-room');
    await gus.accessible('guest-room');
  });

  it('are marked among the people, and cannot be made managers', async () => {
    const room = ann.space;
    assert.notEqual(room, space);
    await ann.page.getByRole('button', { name: 'Show people' }).click();
    const list = ann.page.getByRole('list', { name: 'Members' });
    await list
      .getByRole('listitem')
      .filter({ hasText: 'Bo Tanaka' })
      .getByText('guest', { exact: true })
      .waitFor();
    await ann.accessible('guest-people');
    await list.getByRole('link', { name: 'Details of Bo Tanaka' }).click();
    await ann.page.getByRole('heading', { name: 'In this room' }).waitFor();
    assert.equal(await ann.page.getByText('Manage', { exact: true }).count(), 0);
    await ann.accessible('guest-person');
  });

  it('lead there and back again', async () => {
    await ann.page.getByRole('button', { name: 'More about this room' }).click();
    await ann.page.getByRole('menuitem', { name: 'Go to the topic of the space' }).click();
    await ann.message('For us alone.').waitFor();
    await ann.page.getByRole('link', { name: 'Room with guests' }).click();
    await ann.message('Welcome.').waitFor();
  });

  it('lists open invitations, which can be closed', async () => {
    await ann.page.getByRole('button', { name: 'More about this room' }).click();
    await ann.page.getByRole('menuitem', { name: 'Invite a guest…' }).click();
    const dialog = ann.page.getByRole('dialog');
    await dialog.getByText('Read', { exact: true }).click();
    await make();
    await dialog.getByRole('button', { name: 'Make another' }).click();
    const open = dialog.getByRole('button', { name: 'Revoke' });
    await open.waitFor();
    await ann.accessible('guest-invitations');
    await open.click();
    await open.waitFor({ state: 'hidden' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
  });

  it('draw on a board of their own', async () => {
    await ann.page.goto(`${ann.origin}/s/${space}/boards`);
    await ann.page.getByRole('link', { name: /Berth plan/ }).click();
    // A board that opens takes the focus, and what else is open closes.
    await ann.page.locator('canvas.interactive').waitFor();
    await ann.page.getByRole('button', { name: 'More about this board' }).click();
    await ann.page.getByRole('menuitem', { name: 'Invite a guest…' }).click();
    await make();
    await ann.page.getByRole('button', { name: 'Done' }).click();
    await join();
    await gus.page.getByRole('link', { name: /^Room Berth plan/ }).click();
    await gus.page.waitForURL('**/boards/*');
    await gus.page.getByRole('heading', { name: 'Berth plan', level: 1 }).waitFor();
    await gus.page.locator('canvas').first().waitFor();
    await gus.accessible('guest-board');
    // It is named in the space, and by no guest.
    await gus.page.getByRole('button', { name: 'More about this board' }).click();
    await gus.page.getByRole('menuitem', { name: 'Save as PNG' }).waitFor();
    assert.equal(await gus.page.getByRole('menuitem', { name: /Rename|Archive/ }).count(), 0);
    await gus.page.keyboard.press('Escape');
    await ann.page.getByRole('link', { name: /Berth plan with guests/ }).click();
    await ann.page.waitForURL((url) => !url.pathname.includes(space));
    await ann.page.locator('canvas').first().waitFor();
    await ann.accessible('guest-board');
    await ann.page.getByRole('img', { name: 'Here now: Bo Tanaka (guest)' }).waitFor();
    const plan = (await ann.api(`/spaces/${space}/boards`))[0].id;
    await ann.api(`/spaces/${space}/boards/${plan}`, { title: 'Berth plan 2' }, 'PATCH');
    for (const person of [ann, gus]) {
      await person.page.getByRole('heading', { name: /^Berth plan 2/, level: 1 }).waitFor();
    }
  });

  it('are marked in what is found, and their room is called one', async () => {
    await ann.page.goto(`${ann.origin}/search?q=outside`);
    const said = ann.page.getByRole('option').filter({ hasText: 'Hello from outside.' }).first();
    await said.getByText('guest', { exact: true }).waitFor();
    await said.getByText('room Crane rails').waitFor();
    await ann.accessible('guest-found');
    await ann.page.goto(`${ann.origin}/search?q=Crane%20rails`);
    await ann.page.getByText('room with guests').first().waitFor();
    await ann.accessible('guest-room-found');
  });

  it('are not left alone by the last of the space, who is told what goes with it', async () => {
    await ann.go('chat', space);
    const about = async (/** @type {string | RegExp} */ item) => {
      await ann.page.getByRole('button', { name: /: actions for this space$/ }).click();
      await ann.page.getByRole('menuitem', { name: item }).click();
    };
    await about('Leave space…');
    const dialog = ann.page.getByRole('dialog');
    await dialog.getByText('You are the last in it').waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Leave' }).isDisabled());
    await ann.accessible('guest-leave');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await about('Archive space…');
    await dialog.getByText('The same goes for its 2 rooms with guests.').waitFor();
    await ann.accessible('guest-archive');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await about('Delete space…');
    await dialog.getByText('Its 2 rooms with guests go with it.').waitFor();
    await ann.accessible('guest-delete');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
  });

  it('fit a phone', async () => {
    const room = (await ann.api('/spaces')).find(
      (/** @type {{ name: string, room: object | null }} */ one) =>
        one.name === 'Crane rails' && one.room,
    );
    for (const [person, name] of /** @type {const} */ ([
      [ann, 'Ann-phone'],
      [gus, 'Gus-phone'],
    ])) {
      const state = await person.context.storageState();
      const phone = await Person.enter(browser, `${person.origin}/s/${room.space}/chat`, name, {
        phone: true,
        state,
        dark: person === gus,
      });
      await phone.message('Hello from outside.').waitFor();
      await phone.accessible('guest-room');
      assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
      await phone.page.getByRole('button', { name: 'Back' }).click();
      await phone.accessible('guest-list');
      if (person === ann) {
        await phone.page.getByRole('link', { name: 'With guests', exact: true }).click();
        await phone.page.getByRole('button', { name: 'More about this room' }).click();
        await phone.page.getByRole('menuitem', { name: 'Invite a guest…' }).click();
        await phone.page.getByText('Guests see').waitFor();
        await phone.accessible('guest-invite');
      }
      phone.calm();
    }
  });

  it('are out when they are removed', async () => {
    const room = (await ann.api('/spaces')).find(
      (/** @type {{ name: string, room: object | null }} */ one) =>
        one.name === 'Crane rails' && one.room,
    ).space;
    await ann.go('people', room);
    await ann.page.getByRole('link', { name: 'Details of Bo Tanaka' }).click();
    await ann.page.getByRole('button', { name: 'Remove from this room…' }).click();
    await ann.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await ann.page.getByRole('link', { name: 'Details of Bo Tanaka' }).waitFor({ state: 'hidden' });
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    gus.calm();
  });
});
