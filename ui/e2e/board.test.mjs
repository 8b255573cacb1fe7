/** Two people at two peers draw on one board: at once, on the same and on other elements, with the line gone, and on a phone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { launch, pages, Person, until } from './helpers.mjs';

/** @import { Browser } from 'playwright-core' */

/** A picture of 8 by 8 red dots. */
const red =
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP8z4APMOGVHbHSAEEsAROxCnMTAAAAAElFTkSuQmCC';

describe('a board', () => {
  /** @type {Browser} */ let browser;
  /** @type {Person} */ let ann;
  /** @type {Person} */ let bo;
  let space = '';
  let board = '';

  before(async () => {
    browser = await launch();
    ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
    bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka', { dark: true });
    const { space: made } = await ann.api('/spaces', { name: `Slip ${Date.now()}` });
    space = made;
    const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
    await bo.api('/spaces/join', { invite });
  });
  after(async () => {
    await browser.close();
  });

  /** @param {Person} who */
  const canvas = (who) => who.page.locator('canvas.interactive');

  /** How many dots of a part of the board are not white. @param {Person} who @param {[number, number, number, number]} part */
  const ink = (who, part) =>
    who.page.evaluate(([x = 0, y = 0, width = 0, height = 0]) => {
      /** @type {HTMLCanvasElement | null} */
      const still = document.querySelector('canvas.static');
      const { data } = still?.getContext('2d')?.getImageData(x, y, width, height) ?? { data: [] };
      let dots = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at] !== 255 || data[at + 1] !== 255 || data[at + 2] !== 255) dots += 1;
      }
      return dots;
    }, part);

  /** Draws from one place of the board to another, and leaves the button pressed if asked to. @param {Person} who
   * @param {string} tool @param {[number, number]} from @param {[number, number]} to @param {boolean} [hold] */
  const drag = async (who, tool, from, to, hold = false) => {
    const box = await canvas(who).boundingBox();
    assert.ok(box);
    await who.page.keyboard.press(tool);
    await who.page.mouse.move(box.x + from[0], box.y + from[1]);
    await who.page.mouse.down();
    await who.page.mouse.move(box.x + to[0], box.y + to[1], { steps: 8 });
    if (!hold) await who.page.mouse.up();
  };

  /** What stands on the board at somebody's node. @param {Person} who @param {string} [id] @returns {Promise<any[]>} */
  const elements = async (who, id = board) =>
    (await who.api(`/spaces/${space}/boards/${id}/elements`)).elements;

  /** @param {number} count @param {string} what */
  const both = async (count, what) => {
    for (const who of [ann, bo]) {
      await until(async () => (await elements(who)).length === count, `${what} (${who.name})`);
    }
    const [one, other] = [await elements(ann), await elements(bo)];
    assert.deepEqual(one, other);
    return one;
  };

  it('is made, and opened by another', async () => {
    await ann.page.goto(`${ann.origin}/s/${space}/boards`);
    await ann.page.getByText('No boards yet').waitFor();
    await ann.accessible('boards-empty');
    await ann.page.getByRole('button', { name: 'New board' }).click();
    await ann.page.getByLabel('Title').fill('Quay wall');
    await ann.page.getByRole('button', { name: 'Create' }).click();
    await canvas(ann).waitFor();
    board = /boards\/([a-z2-7]+)/.exec(ann.page.url())?.[1] ?? '';
    await bo.page.goto(`${bo.origin}/s/${space}/boards`);
    await bo.page.getByRole('link', { name: /Quay wall/ }).waitFor();
    await bo.accessible('boards');
    await bo.page.getByRole('link', { name: /Quay wall/ }).click();
    await canvas(bo).waitFor();
    await ann.page.getByRole('img', { name: 'Here now: Bo Tanaka' }).waitFor();
    await bo.page.getByRole('img', { name: 'Here now: Ann Lee' }).waitFor();
  });

  it('shows both what both draw at once', async () => {
    await Promise.all([
      drag(ann, 'r', [300, 200], [420, 280]),
      drag(bo, 'o', [300, 400], [420, 480]),
    ]);
    await both(2, 'two shapes');
    for (const who of [ann, bo]) {
      await until(async () => (await ink(who, [290, 190, 20, 100])) > 50, 'a rectangle is seen');
      await until(async () => (await ink(who, [290, 420, 20, 40])) > 10, 'an ellipse is seen');
    }
    await ann.shot('board-ann');
    await bo.shot('board-bo');
  });

  it('shows a stroke while it is drawn, and keeps it when it is', async () => {
    await drag(bo, 'p', [600, 200], [760, 260], true);
    await until(async () => (await ink(ann, [640, 190, 60, 60])) > 20, 'the stroke is seen');
    assert.equal((await elements(ann)).length, 2, 'nothing is written yet');
    await bo.page.mouse.up();
    await both(3, 'the stroke');
    assert.ok((await ink(ann, [640, 190, 60, 60])) > 20);
  });

  it('lets two move the same and another element', async () => {
    const start = (await elements(ann)).find(({ type }) => type === 'rectangle');
    // It is not filled: a click on its edge takes it, and then it can be moved by its middle.
    for (const who of [ann, bo]) await drag(who, 'v', [340, 200], [340, 200]);
    await Promise.all([
      drag(ann, 'v', [360, 240], [390, 240]),
      drag(bo, 'v', [360, 240], [360, 290]),
    ]);
    await until(async () => {
      const [one, other] = [await elements(ann), await elements(bo)];
      const moved = one.find(({ id }) => id === start.id);
      return (
        JSON.stringify(one) === JSON.stringify(other) &&
        (moved.x !== start.x || moved.y !== start.y)
      );
    }, 'both have the same');
    const last = (await elements(ann)).find(({ id }) => id === start.id);
    for (const who of [ann, bo]) {
      await until(
        async () => (await ink(who, [last.x - 6 + 0, last.y + 5, 12, 60])) > 20,
        'both see it there',
      );
    }
  });

  it('keeps what is drawn while the line to the node is gone', async () => {
    await bo.context.setOffline(true);
    await bo.page.evaluate(() => dispatchEvent(new Event('offline')));
    await drag(bo, 'd', [600, 400], [700, 480]);
    await drag(ann, 'r', [800, 400], [900, 480]);
    await until(async () => (await elements(ann)).length === 4, 'what Ann drew');
    await bo.context.setOffline(false);
    await both(5, 'what both drew');
    await until(
      async () => (await ink(bo, [790, 390, 20, 100])) > 50,
      'Bo sees what came meanwhile',
    );
  });

  it('does not keep the key of the palette for itself', async () => {
    await ann.page.locator('canvas.interactive').click({ position: { x: 700, y: 500 } });
    await ann.page.keyboard.press('Control+k');
    await ann.page.getByRole('combobox', { name: 'Jump to anything' }).waitFor();
    await ann.page.keyboard.press('Escape');
    await ann.page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('takes a picture in, and shows it to others', async () => {
    const box = await canvas(ann).boundingBox();
    assert.ok(box);
    await ann.page.mouse.move(box.x + 1000, box.y + 300);
    await ann.page.evaluate((text) => {
      const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], 'red.png', { type: 'image/png' }));
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
    }, red);
    const picture = async () => (await elements(bo)).find(({ type }) => type === 'image');
    // It stands there in a size of its own before it is known how large it is.
    await until(
      async () => (await picture())?.fileId !== undefined && (await picture()).width === 8,
      'its file',
    );
    await both(6, 'a picture');
    assert.match((await picture()).fileId, /^[a-z2-7]{52}$/);
    const redAt = () =>
      bo.page.evaluate(() => {
        /** @type {HTMLCanvasElement | null} */
        const still = document.querySelector('canvas.static');
        const { data } = still?.getContext('2d')?.getImageData(950, 250, 100, 100) ?? { data: [] };
        let dots = 0;
        for (let at = 0; at < data.length; at += 4) {
          // In the dark it is drawn the other way round, and turned back by the browser.
          if (Math.abs((data[at] ?? 0) - (data[at + 1] ?? 0)) > 40) dots += 1;
        }
        return dots;
      });
    await until(async () => (await redAt()) > 3, 'Bo sees the picture');
    await bo.shot('board-picture');
  });

  it('is talked about, element by element', async () => {
    await drag(ann, 'v', [850, 400], [850, 400]);
    await ann.page.getByRole('button', { name: 'Comments', exact: true }).click();
    await ann.page
      .getByRole('textbox', { name: 'Comment on what is selected' })
      .fill('Is it here?');
    await ann.page.getByRole('button', { name: 'Comment', exact: true }).click();
    await bo.page.getByRole('button', { name: 'Comments here: 1' }).click();
    const panel = bo.page.getByRole('complementary', { name: 'Comments' });
    await panel.getByText('Is it here?').waitFor();
    await panel.getByRole('button', { name: 'Show what it is about' }).click();
    await panel.getByRole('textbox', { name: 'Comment on what is selected' }).fill('Yes.');
    await panel.getByRole('button', { name: 'Comment', exact: true }).click();
    await ann.page.getByRole('complementary', { name: 'Comments' }).getByText('Yes.').waitFor();
    await bo.shot('board-comments');
    await bo.accessible('board-comments');
    for (const who of [ann, bo]) {
      await who.page.getByRole('button', { name: 'Close the comments' }).click();
    }
  });

  it('is saved as a file and taken in from one', async () => {
    const menu = ann.page.getByRole('button', { name: 'More about this board' });
    /** @param {string} item */
    const saved = async (item) => {
      await menu.click();
      const [download] = await Promise.all([
        ann.page.waitForEvent('download'),
        ann.page.getByRole('menuitem', { name: item }).click(),
      ]);
      return readFileSync(await download.path());
    };
    const png = await saved('Save as PNG');
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
    const svg = (await saved('Save as SVG')).toString();
    assert.match(svg, /^<svg/);
    assert.ok(
      !/https?:\/\/(?!www\.w3\.org)/.test(
        svg.replace(/<!--.*?-->/gs, '').replace(/payload.*/s, ''),
      ),
      'names nothing elsewhere',
    );
    const file = await saved('Save as Excalidraw file');
    const drawing = JSON.parse(file.toString());
    assert.equal(drawing.type, 'excalidraw');
    assert.equal(drawing.elements.length, 6);
    assert.equal(Object.keys(drawing.files).length, 1);

    const { id } = await ann.api(`/spaces/${space}/boards`, { title: 'Copy' });
    await ann.page.goto(`${ann.origin}/s/${space}/boards/${id}`);
    await canvas(ann).waitFor();
    await ann.page
      .locator('#main input[type=file]')
      .first()
      .setInputFiles({ name: 'wall.excalidraw', mimeType: 'application/json', buffer: file });
    await until(async () => (await elements(bo, id)).length === 6, 'the copy');
    /** @param {any[]} all */
    const looks = (all) =>
      all
        .map(({ type, x, y, width, height }) => ({ type, x, y, width, height }))
        .sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
    assert.deepEqual(looks(await elements(bo, id)), looks(await elements(bo)));
    await ann.page.goto(`${ann.origin}/s/${space}/boards/${board}`);
    await canvas(ann).waitFor();
  });

  it('is renamed and archived for everybody', async () => {
    await bo.page.getByRole('button', { name: 'More about this board' }).click();
    await bo.page.getByRole('menuitem', { name: 'Rename' }).click();
    await bo.page.getByLabel('Title').fill('Quay wall, north');
    await bo.page.getByRole('button', { name: 'Rename' }).click();
    await ann.page.getByRole('heading', { name: /Quay wall, north/ }).waitFor();
    await bo.page.getByRole('button', { name: 'More about this board' }).click();
    await bo.page.getByRole('menuitem', { name: 'Archive' }).click();
    await ann.page.getByText('archived', { exact: true }).waitFor();
    await bo.page.getByRole('button', { name: 'Undo' }).click();
    await ann.page.getByText('archived', { exact: true }).waitFor({ state: 'detached' });
    await ann.accessible('board');
    await bo.accessible('board');
  });

  it('looks, with hundreds of elements, as if it was opened anew, whatever changes', async () => {
    const { id } = await bo.api(`/spaces/${space}/boards`, { title: 'Hundreds' });
    /** @param {number} n @param {object} [more] */
    const shape = (n, more = {}) => ({
      id: `e${n}`,
      type: ['rectangle', 'ellipse', 'diamond'][n % 3],
      x: 60 + (n % 30) * 24,
      y: 120 + Math.floor(n / 30) * 28,
      width: 30,
      height: 24,
      seed: n + 1,
      index: `b${String(n).padStart(4, '0')}1`,
      backgroundColor: n % 2 ? '#a5d8ff' : '#ffec99',
      ...more,
    });
    /** @param {object[]} elements */
    const post = (elements) => bo.api(`/spaces/${space}/boards/${id}/elements`, { elements });
    await post(Array.from({ length: 400 }, (_, n) => shape(n)));
    await until(async () => (await elements(ann, id)).length === 400, 'the board');
    await ann.page.goto(`${ann.origin}/s/${space}/boards/${id}`);
    await canvas(ann).waitFor();
    await until(async () => (await ink(ann, [60, 120, 700, 300])) > 9000, 'the elements are seen');
    /** Says something, and waits until it is on Ann's canvas. @param {number} round @param {object[]} elements */
    const step = async (round, elements) => {
      const x = 820 + round * 40;
      await post([...elements, shape(1000 + round, { x, y: 200, index: 'c00' + round + '1' })]);
      await until(async () => (await ink(ann, [x - 4, 196, 36, 32])) > 50, `round ${round}`);
    };
    // Below, in the midst, above: moved, filled otherwise, taken out and put in again; quickly and after a rest.
    await step(1, [shape(2, { x: 400 })]);
    await step(2, [shape(2, { x: 410 }), shape(200, { y: 500 })]);
    await step(3, [{ id: 'e150', isDeleted: true }]);
    await ann.page.waitForTimeout(300);
    await step(4, [shape(399, { backgroundColor: '#ffc9c9' }), shape(150)]);
    await step(5, [shape(0, { index: 'b90001' })]);
    const picture = () =>
      ann.page.evaluate(() => {
        const still = document.querySelector('canvas.static');
        return still instanceof HTMLCanvasElement ? still.toDataURL() : '';
      });
    const kept = await picture();
    await ann.page.reload();
    await until(async () => (await ink(ann, [1016, 196, 36, 32])) > 50, 'it is opened anew');
    await until(async () => (await picture()) === kept, 'the same picture');
    await ann.page.goto(`${ann.origin}/s/${space}/boards/${board}`);
    await canvas(ann).waitFor();
  });

  it('can be drawn on with a finger on a phone', async () => {
    const state = await ann.context.storageState();
    const address = `${ann.origin}/s/${space}/boards/${board}`;
    const phone = await Person.enter(browser, address, 'Ann-phone', { phone: true, state });
    await canvas(phone).waitFor();
    await phone.shot('board-phone');
    await phone.page.locator('label:has([data-testid=toolbar-freedraw])').tap();
    const cdp = await phone.context.newCDPSession(phone.page);
    const touch = (/** @type {string} */ type, /** @type {number[]} */ ...at) =>
      cdp.send('Input.dispatchTouchEvent', {
        type: /** @type {'touchStart'} */ (type),
        touchPoints: at.length === 0 ? [] : [{ x: at[0] ?? 0, y: at[1] ?? 0 }],
      });
    await touch('touchStart', 100, 400);
    for (let step = 1; step < 10; step += 1)
      await touch('touchMove', 100 + step * 12, 400 + step * 6);
    await touch('touchEnd');
    await both(7, 'a stroke of a finger');
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
    await phone.accessible('board');
    phone.calm();
    await phone.context.close();
  });

  it('had no error and no breach of the page’s policy', () => {
    ann.calm();
    bo.calm();
  });
});
