/** Two people at two peers write on one page: in one paragraph, with the line gone, with comments, and back to what it said. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

/** A picture of 8 by 8 red dots. */
const red =
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP8z4APMOGVHbHSAEEsAROxCnMTAAAAAElFTkSuQmCC';

describe('a page', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';
  let page = '';
  /** Whether Bo's lines to his node are cut, and what cuts those that are open. */
  let cut = false;
  /** @type {Set<() => void>} */
  const lines = new Set();

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    const { space: made } = await ann.api('/spaces', { name: `Quay ${Date.now()}` });
    space = made;
    const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
    await bo.api('/spaces/join', { invite });
    await bo.page.routeWebSocket(/\/pages\/.*\/live/, (socket) => {
      if (cut) {
        void socket.close();
        return;
      }
      const node = socket.connectToServer();
      lines.add(() => {
        void socket.close();
        void node.close();
      });
    });
  });
  after(async () => {
    await browser.close();
  });

  /** @param {Person} who */
  const text = (who) => who.page.getByRole('textbox', { name: 'Text of the page' });
  /** @param {Person} who */
  const title = (who) => who.page.getByRole('textbox', { name: 'Title' });
  /** @param {Person} who */
  const tree = (who) => who.page.getByRole('region', { name: 'Pages' });
  /** The words of one paragraph. @param {Person} who @param {string} [what] */
  const words = (who, what = 'p') =>
    text(who)
      .locator(what)
      .first()
      .evaluate((node) => node.textContent ?? '');
  /** What the page says at somebody's node. @param {Person} who @param {string} [id] @returns {Promise<string>} */
  const markdown = async (who, id = page) =>
    (await who.api(`/spaces/${space}/pages/${id}/markdown`)).markdown;
  /** @param {Person} who @param {string} id */
  const open = async (who, id) => {
    await who.page.goto(`${who.origin}/s/${space}/page/${id}`);
    await text(who).and(who.page.locator('[contenteditable=true]')).waitFor();
  };
  /** @param {string} what */
  const bothSame = async (what) => {
    await until(async () => {
      const [one, other] = [await text(ann).innerText(), await text(bo).innerText()];
      return one === other;
    }, what);
  };

  it('is made from the sidebar, and opened by another', async () => {
    await ann.page.goto(`${ann.origin}/s/${space}/chat`);
    await tree(ann).getByRole('button', { name: 'New page' }).click();
    await title(ann).waitFor();
    await ann.page.keyboard.type('Quay wall');
    await until(
      async () => (await ann.api(`/spaces/${space}/pages`))[0]?.title === 'Quay wall',
      'the title',
    );
    page = /page\/([a-z2-7]+)/.exec(ann.page.url())?.[1] ?? '';
    await bo.page.goto(`${bo.origin}/s/${space}/chat`);
    await tree(bo).getByRole('link', { name: 'Quay wall' }).click();
    await text(bo).and(bo.page.locator('[contenteditable=true]')).waitFor();
    await ann.page.getByRole('img', { name: 'Here now: Bo Tanaka' }).waitFor();
    await bo.page.getByRole('img', { name: 'Here now: Ann Lee' }).waitFor();
    await ann.accessible('page-empty');
  });

  it('takes what both write at once in one paragraph', async () => {
    await title(ann).press('Enter');
    await ann.page.keyboard.type('middle');
    await until(async () => (await words(bo)) === 'middle', 'the first word');
    await bo.page.keyboard.press('Escape');
    await text(bo).click();
    await bo.page.keyboard.press('Control+End');
    await ann.page.keyboard.press('Home');
    const typed = { delay: 15 };
    await Promise.all([
      ann.page.keyboard.type('The beginning, the ', typed),
      bo.page.keyboard.type(' and the end.', typed),
    ]);
    for (const who of [ann, bo]) {
      await until(
        async () => (await words(who)) === 'The beginning, the middle and the end.',
        `the paragraph at ${who.name}`,
      );
      await until(
        async () => (await markdown(who)) === 'The beginning, the middle and the end.\n',
        `the same at the node of ${who.name}`,
      );
      await who.page.getByText('saved', { exact: true }).waitFor();
    }
    // Each sees the name of the other where that one writes.
    await ann.page.locator('.caret', { hasText: 'Bo Tanaka' }).waitFor();
    await bo.page.locator('.caret', { hasText: 'Ann Lee' }).waitFor();
  });

  it('takes back one’s own words and not those of the other', async () => {
    await until(async () => {
      await ann.page.keyboard.press('Control+z');
      return (await words(ann)) === ' and the end.';
    }, 'Ann takes back what she wrote');
    await until(async () => (await words(bo)) === ' and the end.', 'Bo sees that');
    await until(async () => {
      await ann.page.keyboard.press('Control+y');
      return (await words(ann)) === 'The beginning, the middle and the end.';
    }, 'and brings it back');
    await bothSame('both have it again');
  });

  it('understands Markdown as it is typed', async () => {
    await ann.page.keyboard.press('Control+End');
    for (const line of [
      '\n# What we know\n',
      '- It is **old**\n',
      'It *moves*, by `0.4`\n\n',
      '[ ] Measure it\n',
      'Call Bo\n\n',
      '> Nothing holds\n\n',
      '```rust fn main() {}\n\n\n',
      '1. one\ntwo\n\n',
      '---',
      'See [the wall](https://example.org/wall) and ~~nothing~~ else',
    ]) {
      await ann.page.keyboard.type(line);
    }
    await ann.page.keyboard.press('Control+Enter');
    const expected = [
      'The beginning, the middle and the end.',
      '# What we know',
      '- It is **old**\n- It *moves*, by `0.4`',
    ].join('\n\n');
    await until(
      async () => (await markdown(bo)).endsWith('~~nothing~~ else\n'),
      'the Markdown at Bo',
    );
    const all = await markdown(bo);
    for (const part of [
      expected,
      '[ ] Measure it',
      '[ ] Call Bo',
      '> Nothing holds',
      '```rust\nfn main() {}\n```',
      '1. one\n2. two',
      '[the wall](https://example.org/wall) and ~~nothing~~ else',
    ]) {
      assert.ok(all.includes(part), `${part} in ${all}`);
    }
    await bothSame('both see it');
    await ann.shot('page-ann');
    await bo.shot('page-bo');
    await ann.accessible('page');
    await bo.accessible('page');
  });

  it('lets a task be ticked by the other', async () => {
    await bo.page.getByRole('checkbox', { name: 'Measure it' }).check();
    await until(
      () => ann.page.getByRole('checkbox', { name: 'Measure it' }).isChecked(),
      'the tick',
    );
  });

  it('keeps what is written while the line is gone, and merges it', async () => {
    cut = true;
    for (const end of lines) end();
    lines.clear();
    const line = text(bo).locator('p').first();
    await line.click();
    await bo.page.keyboard.press('Home');
    await bo.page.keyboard.type('Bo: ');
    await text(ann).locator('p').first().click();
    await ann.page.keyboard.press('End');
    await ann.page.keyboard.type(' Ann.');
    await until(async () => (await words(ann)).endsWith(' Ann.'), 'what Ann wrote');
    await bo.page.getByText(/what you write waits in this tab/).waitFor();
    assert.equal((await words(bo)).endsWith(' Ann.'), false, 'Bo has not heard of it');
    assert.equal((await markdown(ann)).startsWith('Bo: '), false, 'nor Ann of him');
    await bo.shot('page-away');
    cut = false;
    for (const who of [ann, bo]) {
      await until(
        async () => (await words(who)) === 'Bo: The beginning, the middle and the end. Ann.',
        `what both wrote, at ${who.name}`,
      );
    }
    await bo.page.getByText('saved', { exact: true }).waitFor();
  });

  it('is talked about, passage by passage', async () => {
    await text(ann).locator('p').first().click();
    await ann.page.keyboard.press('Home');
    for (let at = 0; at < 2; at += 1) await ann.page.keyboard.press('Control+Shift+ArrowRight');
    await ann.page.getByRole('toolbar', { name: 'Selected text' }).waitFor();
    await ann.shot('page-toolbar');
    await ann.page.getByRole('button', { name: 'Comment', exact: true }).click();
    await ann.page.keyboard.type('Which one?');
    await ann.page.keyboard.press('Enter');
    const said = (/** @type {Person} */ who) =>
      who.page.getByRole('complementary', { name: 'Comments' });
    await said(ann).getByText('Which one?').waitFor();
    const marked = bo.page.locator('.commented');
    await marked.first().waitFor();
    const passage = await marked.first().textContent();
    // It stays with its words while others write before them.
    await text(ann).locator('p').first().click();
    await ann.page.keyboard.press('Home');
    await ann.page.keyboard.type('Well. ');
    await until(async () => (await words(bo)).startsWith('Well. '), 'what stands before it now');
    assert.equal(await marked.first().textContent(), passage);
    await marked.first().click();
    await said(bo).getByRole('button', { name: 'Show what it is about' }).click();
    await said(bo).getByRole('textbox').fill('The northern one.');
    await said(bo).getByRole('textbox').press('Enter');
    await said(ann).getByText('The northern one.').waitFor();
    await bo.shot('page-comments');
    await bo.accessible('page-comments');
    for (const who of [ann, bo]) {
      await who.page.getByRole('button', { name: 'Close the comments' }).click();
    }
  });

  it('shows who wrote when, and can be brought back to what it said', async () => {
    const now = await markdown(ann);
    await text(bo).locator('h2').first().click({ clickCount: 3 });
    await bo.page.keyboard.press('Delete');
    await until(async () => !(await markdown(ann)).includes('What we know'), 'the heading is gone');
    await ann.page.getByRole('button', { name: 'History' }).click();
    const history = ann.page.getByRole('complementary', { name: 'History' });
    await history.getByRole('listitem').nth(1).waitFor();
    await ann.accessible('page-history');
    // The newest is Bo's; the one before it had the heading.
    await history.getByRole('listitem').nth(1).getByRole('button').click();
    await history.getByText('What we know').waitFor();
    await ann.shot('page-history');
    await history.getByRole('button', { name: 'Bring back' }).click();
    await until(async () => (await markdown(bo)).includes('What we know'), 'it is back for Bo');
    assert.equal(await markdown(ann), now);
    await ann.page.getByRole('button', { name: 'Close the history' }).click();
  });

  it('takes a picture in, and shows it to others', async () => {
    await text(ann).click();
    await ann.page.keyboard.press('Control+End');
    await ann.page.keyboard.press('Enter');
    await text(ann).evaluate((node, data) => {
      const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
      const pasted = new DataTransfer();
      pasted.items.add(new File([bytes], 'red.png', { type: 'image/png' }));
      node.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: pasted, bubbles: true, cancelable: true }),
      );
    }, red);
    const picture = bo.page.getByRole('img', { name: 'red' });
    await picture.waitFor();
    await until(
      () => picture.evaluate((node) => /** @type {HTMLImageElement} */ (node).naturalWidth === 8),
      'the picture',
    );
  });

  it('drops what is dangerous in what is pasted', async () => {
    await ann.page.keyboard.press('Control+End');
    await ann.page.keyboard.press('Enter');
    await text(ann).evaluate((node) => {
      const pasted = new DataTransfer();
      pasted.setData(
        'text/html',
        '<p onclick="alert(1)">pasted <a href="javascript:alert(1)">words</a><img src="https://example.org/x.png"><script>alert(1)</script></p>',
      );
      node.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: pasted, bubbles: true, cancelable: true }),
      );
    });
    await until(async () => (await markdown(bo)).includes('pasted words'), 'the words');
    for (const who of [ann, bo]) {
      assert.equal(
        await text(who).locator('script, [onclick], a[href^=javascript], img[src^=http]').count(),
        0,
      );
    }
  });

  it('has a tree that can be put in order', async () => {
    /** @type {string[]} */
    const made = [];
    for (const name of ['North', 'South']) {
      made.push((await ann.api(`/spaces/${space}/pages`, { title: name })).id);
    }
    await tree(ann).getByRole('link', { name: 'South' }).waitFor();
    await tree(ann)
      .getByRole('link', { name: 'South' })
      .dragTo(tree(ann).getByRole('link', { name: 'Quay wall' }));
    await until(
      async () => (await bo.api(`/spaces/${space}/pages/${made[1]}`)).parent === page,
      'South is in it',
    );
    await tree(bo).getByRole('button', { name: 'Pages in Quay wall' }).waitFor();
    // The same by a dialog.
    await tree(ann).getByRole('link', { name: 'North' }).hover();
    await tree(ann).getByRole('button', { name: 'More about North' }).click();
    await ann.page.getByRole('menuitem', { name: 'Move…' }).click();
    await ann.page.getByRole('radio', { name: 'South' }).check();
    await ann.accessible('page-move');
    await ann.page.getByRole('button', { name: 'Move', exact: true }).click();
    await until(
      async () => (await bo.api(`/spaces/${space}/pages/${made[0]}`)).parent === made[1],
      'North is in South',
    );
    await ann.shot('page-tree');
    await tree(ann).getByRole('link', { name: 'North' }).hover();
    await tree(ann).getByRole('button', { name: 'More about North' }).click();
    await ann.page.getByRole('menuitem', { name: 'Archive' }).click();
    await tree(bo).getByRole('button', { name: 'Archived (1)' }).waitFor();
    await ann.page.getByRole('button', { name: 'Undo' }).last().click();
    await tree(bo).getByRole('link', { name: 'North' }).waitFor();
  });

  it('is saved as Markdown and made from it', async () => {
    await ann.page.getByRole('button', { name: 'More about this page' }).click();
    const [download] = await Promise.all([
      ann.page.waitForEvent('download'),
      ann.page.getByRole('menuitem', { name: 'Save as Markdown' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'Quay wall.md');
    const file = await download.path();
    await tree(ann)
      .locator('input[type=file]')
      .setInputFiles({
        name: 'copy.md',
        mimeType: 'text/markdown',
        buffer: (await import('node:fs')).readFileSync(file),
      });
    await until(async () => !ann.page.url().includes(page), 'the copy is open');
    const copy = /page\/([a-z2-7]+)/.exec(ann.page.url())?.[1] ?? '';
    assert.equal((await ann.api(`/spaces/${space}/pages/${copy}`)).title, 'Quay wall');
    assert.ok((await markdown(ann, copy)).includes('- It is **old**'));
  });

  it('can be written with keys alone', async () => {
    await ann.command('New page');
    await title(ann).waitFor();
    await until(
      () => title(ann).evaluate((node) => node === document.activeElement),
      'the title has the keys',
    );
    await ann.page.keyboard.type('By keys');
    await ann.page.keyboard.press('Enter');
    await ann.page.keyboard.type('/task');
    await ann.page.getByRole('option', { name: /Task list/ }).waitFor();
    await ann.page.keyboard.press('Enter');
    await ann.page.keyboard.type('Walk the wall');
    await ann.page.keyboard.press('Control+Enter');
    await ann.page.keyboard.press('Enter');
    await ann.page.keyboard.press('Enter');
    await ann.page.keyboard.type('as in @Quay');
    await ann.page
      .getByRole('option', { name: /Quay wall/ })
      .first()
      .waitFor();
    await ann.page.keyboard.press('Enter');
    await ann.page.keyboard.type('loud');
    await ann.page.keyboard.press('Control+Shift+ArrowLeft');
    await ann.page.getByRole('toolbar', { name: 'Selected text' }).waitFor();
    await ann.page.keyboard.press('Alt+F10');
    await ann.page.keyboard.press('Enter');
    const made = /page\/([a-z2-7]+)/.exec(ann.page.url())?.[1] ?? '';
    await until(
      async () => (await markdown(bo, made)).includes('**loud**'),
      'what the toolbar did',
    );
    const all = await markdown(bo, made);
    assert.ok(all.includes('[x] Walk the wall'), all);
    assert.ok(all.includes(`](compeer:${space}/page/`), all);
    assert.equal((await bo.api(`/spaces/${space}/pages/${made}`)).title, 'By keys');
    // A link of ours leads there without leaving the page.
    const link = text(ann).getByRole('link', { name: 'Quay wall' });
    await link.click({ modifiers: ['Control'] });
    await title(ann).and(ann.page.locator(':text("Quay wall")')).waitFor();
  });

  it('is found', async () => {
    await bo.page.goto(
      `${bo.origin}/search?q=${encodeURIComponent('is:page northern OR beginning')}`,
    );
    await bo.page.goto(`${bo.origin}/search?q=${encodeURIComponent('is:page beginning')}`);
    await bo.page
      .getByRole('option', { name: /Quay wall/ })
      .first()
      .click();
    await text(bo).waitFor();
    // A message at it leads to it, too.
    await bo.page.goto(`${bo.origin}/s/${space}/topic/${page}`);
    await text(bo).waitFor();
  });

  it('can only be read by those who may not write', async () => {
    const { person } = (await ann.api(`/spaces/${space}/members`)).find(
      (/** @type {any} */ one) => !one.me,
    );
    await ann.api(`/spaces/${space}/members/${person}`, { level: 'read' }, 'PATCH');
    await open(ann, page);
    await bo.page.goto(`${bo.origin}/s/${space}/page/${page}`);
    await bo.page.getByText('you can read it').waitFor();
    await text(bo).and(bo.page.locator('[contenteditable=false]')).waitFor();
    await until(async () => (await words(bo)).startsWith('Well. '), 'the text');
    await bo.accessible('page-read');
    await ann.api(`/spaces/${space}/members/${person}`, { level: 'write' }, 'PATCH');
  });

  it('works on a phone', async () => {
    const state = await ann.context.storageState();
    const address = `${ann.origin}/s/${space}/page/${page}`;
    const phone = await Person.enter(browser, address, 'Ann-phone', { phone: true, state });
    await text(phone).and(phone.page.locator('[contenteditable=true]')).waitFor();
    await text(phone).locator('p').first().tap();
    await phone.page.keyboard.press('Control+Home');
    await phone.page.keyboard.type('Phone: ');
    await until(
      async () => (await markdown(bo)).startsWith('Phone: '),
      'what was written on the phone',
    );
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
    await phone.shot('page-phone');
    await phone.accessible('page-phone');
    phone.calm();
    await phone.context.close();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
