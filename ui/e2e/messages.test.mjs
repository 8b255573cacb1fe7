/** Two people at two peers: they answer, change, react to and pin messages. Nothing is done twice, or lost on the way out. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

/** A PDF of one page with some words on it. @param {string} words */
function pdf(words) {
  const content = `BT /F1 36 Tf 40 140 Td (${words}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let text = '%PDF-1.4\n';
  const places = objects.map((object, at) => {
    const place = text.length;
    text += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const table = places.map((place) => `${String(place).padStart(10, '0')} 00000 n \n`).join('');
  const start = text.length;
  text += `xref\n0 6\n0000000000 65535 f \n${table}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text);
}

describe('messages that change', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    const { space: made } = await ann.api('/spaces', { name: `Crane ${Date.now()}` });
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

  /** Presses a button of a message. @param {Person} who @param {string} text @param {string} button */
  const press = async (who, text, button) => {
    // Where it is answered, its words stand once more.
    const row = who.message(text).first();
    await row.hover();
    await row.getByRole('button', { name: button, exact: true }).click();
  };

  it('reacts to a message, and takes it back', async () => {
    await ann.say('The crane is heer.');
    await bo.message('The crane is heer.').waitFor();
    await press(bo, 'The crane is heer.', 'React');
    const picker = bo.page.getByRole('dialog', { name: 'React' });
    await picker.waitFor();
    await bo.accessible('react');
    await picker.getByRole('button', { name: 'React with 🎉' }).click();
    const chip = ann.message('The crane is heer.').getByRole('button', { name: '🎉 1, Bo Tanaka' });
    await chip.click();
    await bo.message('The crane is heer.').getByRole('button', { name: /^🎉 2/ }).waitFor();
    await ann.message('The crane is heer.').getByRole('button', { name: /^🎉 2/ }).click();
    await chip.waitFor();
  });

  it('answers a message, and leads back to it', async () => {
    await press(bo, 'The crane is heer.', 'Answer');
    await bo.page.getByText('Answering', { exact: true }).waitFor();
    await bo.say('I see it.');
    const answer = ann.message('I see it.');
    await answer.getByRole('button', { name: /Answers Ann/ }).click();
    await ann.page.locator('.glow').filter({ hasText: 'The crane is heer.' }).waitFor();
    assert.equal(await bo.page.getByText('Answering', { exact: true }).count(), 0);
  });

  it('changes words in their place, and shows what they were', async () => {
    await ann.composer.press('ArrowUp');
    const box = ann.page.getByRole('textbox', { name: 'Change the message' });
    await box.waitFor();
    await ann.accessible('edit');
    await box.press('Escape');
    assert.equal(await box.count(), 0);
    await press(ann, 'The crane is heer.', 'Edit');
    await box.fill('The crane is here.');
    await box.press('Enter');
    await bo.message('The crane is here.').first().waitFor();
    // Also where it is answered.
    await bo.message('I see it.').getByText('The crane is here.').waitFor();
    assert.equal(await bo.message('The crane is heer.').count(), 0);
    await bo
      .message('The crane is here.')
      .first()
      .getByRole('button', { name: /^Edited/ })
      .click();
    await bo.page
      .getByRole('dialog', { name: 'What it said before' })
      .getByText('The crane is heer.')
      .waitFor();
    await bo.accessible('versions');
    await bo.page.keyboard.press('Escape');
    // Nobody is offered to change the words of others.
    await bo.message('The crane is here.').first().hover();
    assert.equal(
      await bo
        .message('The crane is here.')
        .first()
        .getByRole('button', { name: 'Edit', exact: true })
        .count(),
      0,
    );
  });

  it('pins a message for everybody', async () => {
    const first = ann.message('The crane is here.').first();
    await first.hover();
    await first.getByRole('button', { name: 'More about this message' }).click();
    await ann.page.getByRole('menuitem', { name: 'Pin for everybody' }).click();
    await bo.page.getByRole('button', { name: 'Show what is pinned (1)' }).click();
    const panel = bo.page.getByRole('complementary', { name: 'Pinned' });
    await panel.getByText('The crane is here.').waitFor();
    await bo.accessible('pins');
    await panel.getByRole('button', { name: 'Go to it' }).click();
    await bo.page.locator('.glow').filter({ hasText: 'The crane is here.' }).waitFor();
    await bo.page.keyboard.press('Escape');
    await ann.accessible('messages');
  });

  it('says of every message that it is pinned, also under the head of another', async () => {
    await ann.say('Two things.');
    await ann.message('Two things.').waitFor();
    await ann.say('This is the second.');
    const second = ann.message('This is the second.');
    await second.hover();
    await second.getByRole('button', { name: 'More about this message' }).click();
    await ann.page.getByRole('menuitem', { name: 'Pin for everybody' }).click();
    await second.getByText('pinned', { exact: true }).waitFor();
    await bo.message('This is the second.').getByText('pinned', { exact: true }).waitFor();
    await ann.shot('pinned-second');
  });

  it('offers names after an @, and draws Markdown', async () => {
    await ann.composer.pressSequentially('Thanks @bo');
    await ann.page.getByRole('option', { name: 'Bo Tanaka' }).waitFor();
    await ann.accessible('mention');
    await ann.composer.press('Enter');
    assert.equal(await ann.composer.inputValue(), 'Thanks @Bo Tanaka ');
    await ann.composer.pressSequentially('for **both** of them:');
    await ann.composer.press('Shift+Enter');
    await ann.composer.pressSequentially('- the crane\n'.trimEnd());
    await ann.composer.press('Shift+Enter');
    await ann.composer.pressSequentially('- `plan.pdf`');
    await ann.composer.press('Enter');
    const row = bo.message('Thanks @Bo Tanaka');
    await row.locator('strong', { hasText: 'both' }).waitFor();
    assert.equal(await row.getByRole('listitem').count(), 2);
    await bo.accessible('markdown');
  });

  it('colours code', async () => {
    await ann.composer.fill('```rust\nfn lift(crane: &Crane) -> u32 { 42 }\n```');
    await ann.composer.press('Control+Enter');
    const row = bo.message('fn lift');
    await row.locator('.code-keyword', { hasText: 'fn' }).waitFor();
    await row.locator('.code-number', { hasText: '42' }).waitFor();
    await bo.accessible('code');
  });

  it('shows what is in a text and in a PDF', async () => {
    const files = [
      {
        name: 'crane.py',
        mimeType: 'text/plain',
        buffer: Buffer.from('def lift(tons):\n    return tons > 42\n'),
      },
      { name: 'plan.pdf', mimeType: 'application/pdf', buffer: pdf('The north quay') },
      { name: 'false.txt', mimeType: 'text/plain', buffer: Buffer.from([0xff, 0xfe, 0x00, 0x01]) },
      { name: 'broken.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4 nothing') },
    ];
    await ann.page.locator('form[aria-label="New message"] input[type=file]').setInputFiles(files);
    await ann.composer.press('Control+Enter');
    const panel = ann.page.getByRole('complementary', { name: 'File' });
    /** @param {string} name */
    const open = async (name) => {
      await ann.message(name).getByRole('button', { name, exact: true }).click();
      await panel.getByText(name, { exact: true }).first().waitFor();
    };
    await open('crane.py');
    await panel.locator('.code-keyword', { hasText: 'def' }).waitFor();
    await ann.accessible('preview-text');
    await open('plan.pdf');
    const drawn = () =>
      panel.locator('canvas').evaluate((canvas) => {
        const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
        const pixels =
          /** @type {HTMLCanvasElement} */ (canvas)
            .getContext('2d')
            ?.getImageData(0, 0, width, height).data ?? [];
        return pixels.some(
          (value, at) => at % 4 === 0 && value < 100 && (pixels[at + 3] ?? 0) > 200,
        );
      });
    await until(drawn, 'the words are drawn');
    await ann.accessible('preview-pdf');
    // What is not what its name says has no preview, and does no harm.
    await open('false.txt');
    await until(async () => (await panel.getByLabel('What is in it').count()) === 0, 'no text');
    await open('broken.pdf');
    await until(async () => (await panel.locator('canvas').count()) === 0, 'no picture');
    await ann.page.keyboard.press('Escape');
  });

  /** Chooses "Delete for everybody". @param {Person} who @param {string} text */
  const remove = async (who, text) => {
    await press(who, text, 'More about this message');
    await who.page.getByRole('menuitem', { name: 'Delete for everybody' }).click();
  };

  it('deletes a message for everybody, with time to think better of it', async () => {
    await bo.say('This was a slip.');
    await press(bo, 'This was a slip.', 'Answer');
    await bo.say('I mean it otherwise.');
    await ann.message('I mean it otherwise.').waitFor();
    await remove(bo, 'This was a slip.');
    await bo.page.getByText('Message deleted', { exact: true }).first().waitFor();
    // Nothing has left the page yet.
    await bo.page.getByRole('button', { name: 'Undo' }).click();
    await bo.message('This was a slip.').first().waitFor();
    assert.equal(await ann.message('This was a slip.').count(), 2);
    await remove(bo, 'This was a slip.');
    await bo.page.getByRole('button', { name: 'Dismiss' }).click();
    const mark = ann.page.getByRole('listitem').getByText('Message deleted', { exact: true });
    await until(async () => (await mark.count()) === 2, 'it and where it is answered');
    assert.equal(await ann.message('This was a slip.').count(), 0);
    await bo.message('I mean it otherwise.').getByText('Message deleted').waitFor();
    await ann.shot('deleted');
    await bo.shot('deleted-dark');
    await bo.accessible('deleted');
  });

  it('lets a manager delete what others wrote, and nobody else', async () => {
    await ann.say('Only a manager deletes this.');
    await press(bo, 'Only a manager deletes this.', 'More about this message');
    await bo.page.getByRole('menuitem', { name: 'Copy link' }).waitFor();
    assert.equal(await bo.page.getByRole('menuitem', { name: 'Delete for everybody' }).count(), 0);
    await bo.page.keyboard.press('Escape');
    await bo.say('The manager deletes this.');
    await ann.message('The manager deletes this.').waitFor();
    await remove(ann, 'The manager deletes this.');
    // The menu does what was chosen once it is gone, and then it can be taken back for a while.
    await ann.page.getByRole('button', { name: 'Undo' }).waitFor();
    // To leave the page is to mean it.
    await ann.page.reload();
    await ann.composer.waitFor();
    await bo.page.getByText('Message deleted by Ann Lee').waitFor();
    await ann.page.getByText('Message deleted by Ann Lee').waitFor();
    await bo.shot('deleted-by-manager');
  });

  it('keeps words that are too long for a message', async () => {
    await ann.composer.fill('x'.repeat(33_000));
    await ann.page.getByText('Too long for a message').waitFor();
    await ann.composer.press('Control+Enter');
    assert.equal((await ann.composer.inputValue()).length, 33_000);
    assert.equal(
      await ann.page.getByRole('button', { name: 'Send', exact: true }).isDisabled(),
      true,
    );
    await ann.composer.fill('');
  });

  it('does what was asked for although the page is left at once', async () => {
    const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
    assert.match(invite, /^compeer1/);
    await ann.go('people', space);
    await ann.page
      .getByRole('button', { name: /^Revoke/ })
      .first()
      .click();
    await ann.page.reload();
    await until(async () => {
      const all = await ann.api(`/spaces/${space}/invitations`);
      return all.every((/** @type {{ state: string }} */ one) => one.state !== 'open');
    }, 'the invitation is revoked');
  });

  it('fits a phone', async () => {
    const state = await ann.context.storageState();
    const phone = await Person.enter(browser, `${ann.origin}/s/${space}/chat`, 'Ann-phone', {
      phone: true,
      state,
    });
    await phone.message('The crane is here.').first().tap();
    await phone
      .message('The crane is here.')
      .first()
      .getByRole('button', { name: 'React', exact: true })
      .waitFor();
    await phone.accessible('messages');
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
    phone.calm();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
