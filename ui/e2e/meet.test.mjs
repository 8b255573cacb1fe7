/** Quiet, being away, and inviting somebody: by QR code, by mail, and taken back. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

/** A mail server on loopback that takes everything. @returns {Promise<{ port: number, mails: string[], close: () => void }>} */
async function mailServer() {
  /** @type {string[]} */ const mails = [];
  const server = createServer((socket) => {
    let mail = '';
    let inMail = false;
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.write('220 localhost ESMTP\r\n');
    socket.on('data', (/** @type {string} */ text) => {
      if (inMail) {
        mail += text;
        if (!mail.endsWith('\r\n.\r\n')) return;
        mails.push(mail);
        inMail = false;
        mail = '';
        socket.write('250 taken\r\n');
      } else if (text.startsWith('DATA')) {
        inMail = true;
        socket.write('354 go on\r\n');
      } else if (text.startsWith('QUIT')) socket.end('221 bye\r\n');
      else socket.write('250 fine\r\n');
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(null)));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, mails, close: () => server.close() };
}

describe('meeting', () => {
  const stamp = Date.now();
  const name = `Mole ${stamp}`;
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    ({ space } = await ann.api('/spaces', { name }));
    const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
    await bo.api('/spaces/join', { invite });
    await ann.go('chat', space);
    await bo.go('chat', space);
    await ann.composer.waitFor();
    await bo.composer.waitFor();
  });
  after(async () => {
    await ann.api('/settings', { pause: 'off', quiet: null, show_away: true }, 'PATCH');
    await ann.api('/mail', undefined, 'DELETE');
    await browser.close();
  });

  /** A part of the settings by its name. @param {Person} person @param {string} title */
  const part = (person, title) => person.page.getByRole('region', { name: title, exact: true });
  /** Chooses one of a few. @param {Person} person @param {string} label @param {string} option */
  const choose = (person, label, option) =>
    person.page
      .getByRole('group', { name: label, exact: true })
      .getByText(option, { exact: true })
      .click();

  it('keeps quiet when told to, and says so', async () => {
    const page = ann.page;
    await page.goto(`${ann.origin}/settings`);
    await page.evaluate(() => {
      /** @type {string[]} */ const announced = [];
      class Notice {
        static permission = 'granted';
        /** @param {string} _title @param {{ body: string }} more */
        constructor(_title, { body }) {
          announced.push(body);
        }
      }
      Object.assign(globalThis, { Notification: Notice, announced });
      document.hasFocus = () => false;
      dispatchEvent(new Event('blur'));
    });
    /** @returns {Promise<string[]>} */
    const announced = () => page.evaluate('globalThis.announced');
    const hears = async (/** @type {string} */ text) =>
      until(async () => {
        const { messages } = await ann.api(`/spaces/${space}/messages?limit=1`);
        return messages[0]?.text === text;
      }, text);
    await bo.say('before');
    await until(async () => (await announced()).length === 1, 'a notice');

    await part(ann, 'Quiet').getByRole('button', { name: 'For 1 hour' }).click();
    await page.getByRole('link', { name: /^Quiet until .*settings$/ }).waitFor();
    await ann.accessible('settings-paused');
    await bo.say('during the pause');
    await hears('during the pause');
    await part(ann, 'Quiet').getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('link', { name: /^Quiet until/ }).waitFor({ state: 'detached' });

    await choose(ann, 'Quiet hours', 'On');
    const quiet = part(ann, 'Quiet');
    await quiet.getByLabel('From').waitFor();
    assert.equal(await quiet.getByLabel('From').inputValue(), '22:00');
    // Whatever this computer's clock shows.
    for (const label of ['From', 'To']) {
      await quiet.getByLabel(label, { exact: true }).fill('00:00');
      await quiet.getByLabel(label, { exact: true }).press('Enter');
    }
    await quiet.getByText('Quiet until 00:00.').waitFor();
    await ann.accessible('settings-quiet');
    // What is chosen far down moves only what scrolls.
    assert.ok(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight));
    await bo.say('during the night');
    await hears('during the night');
    // A day on which they do not begin is switched by keyboard; yesterday's may still last.
    await quiet.getByRole('button', { name: 'Mon', exact: true }).press('Enter');
    await until(async () => (await ann.api('/settings')).quiet.days.length === 6, 'six days');
    await choose(ann, 'Quiet hours', 'Off');
    await until(async () => (await ann.api('/settings')).quiet_now === false, 'it is over');
    await bo.say('after');
    await until(async () => (await announced()).includes('after'), 'a notice');
    assert.deepEqual(await announced(), ['before', 'after']);
  });

  it('says what the desktop can do', async () => {
    // Tests run without one.
    await part(ann, 'Notifications')
      .getByText(/There is no desktop/)
      .waitFor();
  });

  it('invites by QR code, link, file and mail, and takes it back', async () => {
    const { page } = ann;
    await page.goto(`${ann.origin}/s/${space}/people`);
    await page.getByRole('button', { name: 'Invite someone' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('By mail to').fill('cy@example.org');
    await ann.accessible('invite-mail');
    await dialog.getByRole('button', { name: 'Make an invitation' }).click();
    await dialog.getByRole('img', { name: 'The invitation as a QR code' }).waitFor();
    await dialog.getByText('A mail to cy@example.org is ready').waitFor();
    await dialog.getByRole('button', { name: 'Write a mail' }).waitFor();
    await ann.accessible('invite-made');
    await dialog.getByRole('button', { name: 'Done' }).click();
    const row = page.getByRole('listitem').filter({ hasText: 'cy@example.org' });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
    await until(async () => {
      const all = await ann.api(`/spaces/${space}/invitations`);
      return all.some(
        (/** @type {{ mail: string, state: string }} */ one) =>
          one.mail === 'cy@example.org' && one.state === 'revoked',
      );
    }, 'it is closed');
  });

  it('sends mail through the person’s own server', async () => {
    const server = await mailServer();
    const { page } = ann;
    try {
      await page.goto(`${ann.origin}/settings`);
      await page.getByRole('button', { name: 'Set a mail server…' }).click();
      const mail = part(ann, 'Mail');
      await mail.getByLabel('Server').fill('mail.example.org');
      await choose(ann, 'Connection', 'None');
      await mail.getByLabel('Port').fill(String(server.port));
      await mail.getByLabel('Mails come from').fill('ann@example.org');
      await mail.getByRole('button', { name: 'Save' }).click();
      await mail.getByRole('alert').filter({ hasText: 'Without TLS' }).waitFor();
      await ann.accessible('settings-mail');
      await mail.getByLabel('Server').fill('127.0.0.1');
      await mail.getByRole('button', { name: 'Save' }).click();
      await mail.getByRole('button', { name: 'Send me a test' }).click();
      await mail.getByText('The server has taken a mail to ann@example.org.').waitFor();
      await page.goto(`${ann.origin}/s/${space}/people`);
      await page.getByRole('button', { name: 'Invite someone' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('By mail to').fill('dee@example.org');
      await dialog.getByRole('button', { name: 'Send an invitation' }).click();
      await dialog.getByText('Sent to dee@example.org.').waitFor();
      await ann.accessible('invite-sent');
      assert.equal(server.mails.length, 2);
      assert.match(server.mails[1] ?? '', /^To: dee@example\.org\r$/m);
    } finally {
      server.close();
    }
  });

  it('shows who is away, and since when', async () => {
    await bo.page.goto(`${bo.origin}/s/${space}/people`);
    await bo.page.getByRole('link', { name: 'Details of Ann Lee' }).click();
    const panel = bo.page.getByRole('complementary').or(bo.page.getByRole('main')).last();
    await ann.page.clock.install();
    await ann.page.goto(`${ann.origin}/s/${space}/chat`);
    await ann.composer.waitFor();
    await bo.page.getByText(/^Online · can/).waitFor();
    await bo.accessible('person-online');
    await ann.page.clock.fastForward(6 * 60_000);
    await bo.page.getByText(/^Away since .* · can/).waitFor();
    await panel
      .getByText(/^away since /)
      .first()
      .waitFor();
    await bo.accessible('person-away');
    await ann.page.mouse.move(200, 200);
    await ann.page.mouse.move(220, 220);
    await bo.page.getByText(/^Online · can/).waitFor();
    // Who does not want it known is online.
    await ann.api('/settings', { show_away: false }, 'PATCH');
    await ann.page.clock.fastForward(6 * 60_000);
    await until(async () => {
      const members = await ann.api(`/spaces/${space}/members`);
      return members[0].presence === 'online';
    }, 'nothing is told');
    await ann.api('/settings', { show_away: true }, 'PATCH');
    await bo.page.getByText(/^Away since .* · can/).waitFor();
    await ann.page.mouse.move(240, 240);
    await bo.page.getByText(/^Online · can/).waitFor();
  });

  it('fits a phone', async () => {
    const state = await ann.context.storageState();
    const phone = await Person.enter(browser, `${ann.origin}/s/${space}/chat`, 'Ann-phone', {
      phone: true,
      dark: true,
      state,
    });
    await phone.page.goto(`${ann.origin}/settings`);
    const narrow = async () =>
      assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
    await choose(phone, 'Quiet hours', 'On');
    await part(phone, 'Quiet').getByLabel('From').waitFor();
    await part(phone, 'Quiet').scrollIntoViewIfNeeded();
    await phone.accessible('settings');
    await narrow();
    await part(phone, 'Mail').scrollIntoViewIfNeeded();
    await phone.shot('settings-mail-phone');
    await choose(phone, 'Quiet hours', 'Off');
    await phone.go('people', space);
    await phone.page.getByRole('button', { name: 'Invite someone' }).click();
    await phone.accessible('invite');
    await narrow();
    phone.calm();
    await phone.context.close();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
