/**
 * Measures boards, and is no test: `npm run e2e board.load`. From a stroke at one browser until it is seen in another, over two
 * real peers; and what a page takes that shows 5,000 elements while 29 others draw. Those are made up between the node and the
 * page, as often and in the form in which the node tells of them.
 */
import { test } from 'node:test';
import { figure, launch, pages, percentile, Person, until } from './helpers.mjs';

const people = 29;
const elements = 5000;
const seconds = 20;

/** @param {number} n */
const shape = (n) => ({
  id: `e${n}`,
  type: ['rectangle', 'ellipse', 'diamond'][n % 3],
  x: (n % 100) * 14,
  y: Math.floor(n / 100) * 15,
  width: 11,
  height: 11,
  seed: n + 1,
  index: `b${String(n).padStart(5, '1')}1`,
  backgroundColor: n % 2 ? '#a5d8ff' : 'transparent',
});

test('figures of boards', { timeout: 240_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const ann = await Person.enter(browser, pages[0] ?? '', 'Ann Lee');
  const bo = await Person.enter(browser, pages[1] ?? '', 'Bo Tanaka');
  const { space } = await ann.api('/spaces', { name: `Load ${Date.now()}` });
  const { invite } = await ann.api(`/spaces/${space}/invitations`, {});
  await bo.api('/spaces/join', { invite });

  // A stroke at one until it is seen at the other.
  const { id } = await ann.api(`/spaces/${space}/boards`, { title: 'Latency' });
  await until(async () => (await bo.api(`/spaces/${space}/boards`)).length === 1, 'the board');
  for (const who of [ann, bo]) {
    await who.page.goto(`${who.origin}/s/${space}/boards/${id}`);
    await who.page.locator('canvas.interactive').waitFor();
  }
  await ann.page.getByRole('img', { name: /Here now/ }).waitFor();
  const box = await ann.page.locator('canvas.interactive').boundingBox();
  if (box === null) throw new Error('no board');
  await bo.page.evaluate(() => {
    /** @type {HTMLCanvasElement | null} */
    const still = document.querySelector('canvas.static');
    const seen = /** @type {[number, number][]} */ ([]);
    Object.assign(globalThis, { seen });
    const look = () => {
      // The rightmost dot of a band that only the upright edges of the rectangle cross.
      const { data, width } = still?.getContext('2d')?.getImageData(320, 298, 900, 4) ?? {
        data: [],
        width: 0,
      };
      let right = 0;
      for (let at = 0; at < data.length; at += 4)
        if ((data[at] ?? 255) < 128 && data[at + 3] === 255)
          right = Math.max(right, (at / 4) % width);
      if ((seen.at(-1)?.[0] ?? 0) < right) seen.push([right, Date.now()]);
      requestAnimationFrame(look);
    };
    look();
  });
  // The edge of a rectangle is where the hand is. A line drawn by hand is smoothed, and ends behind it.
  await ann.page.keyboard.press('r');
  await ann.page.mouse.move(box.x + 320, box.y + 260);
  await ann.page.mouse.down();
  /** @type {[number, number][]} */
  const drawn = [];
  for (let x = 30; x < 880; x += 30) {
    drawn.push([x, Date.now()]);
    await ann.page.mouse.move(box.x + 320 + x, box.y + 340);
    await new Promise((done) => setTimeout(done, 120));
  }
  await ann.page.mouse.up();
  const seen = await bo.page.evaluate(
    () => /** @type {[number, number][]} */ (Reflect.get(globalThis, 'seen')),
  );
  const took = drawn
    .map(([x, at]) => (seen.find(([right]) => right >= x - 15)?.[1] ?? NaN) - at)
    .filter((ms) => !Number.isNaN(ms));
  if (took.length < drawn.length / 2)
    throw new Error(`${took.length} of ${drawn.length} points came`);
  figure('a stroke until seen in another browser, p50', percentile(took, 0.5), 'ms', '30 ms');
  figure('the same, p99', percentile(took, 0.99), 'ms', '80 ms');
  await bo.context.close();

  // Many elements and many people.
  const { id: full } = await ann.api(`/spaces/${space}/boards`, { title: 'Full' });
  for (let n = 0; n < elements; n += 1000) {
    await ann.api(`/spaces/${space}/boards/${full}/elements`, {
      elements: Array.from({ length: 1000 }, (_, at) => shape(n + at)),
    });
  }
  await ann.page.routeWebSocket(/\/live/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => socket.send(message));
    const devices = Array.from({ length: people }, (_, n) => ({
      device: `d${n}`,
      person: `p${n}`,
      name: `Person ${n}`,
    }));
    socket.send(JSON.stringify({ here: devices }));
    let step = 0;
    const timer = setInterval(() => {
      step += 1;
      const shown = devices.map(({ device }, n) => {
        const at = step % 120;
        const [x, y] = [100 + n * 40 + at, 100 + ((n * 37) % 500) + 20 * Math.sin(at / 9)];
        const stroke = {
          ...shape(n),
          id: `s${n}-${Math.floor(step / 120)}`,
          type: 'freedraw',
          x: 100 + n * 40,
          y: 100 + ((n * 37) % 500),
          width: at + 1,
          height: 40,
          index: `c${String(n).padStart(6, '1')}1`,
          points:
            at === 0
              ? [
                  [0, 0],
                  [1, 1],
                ]
              : [[at, 20 * Math.sin(at / 9)]],
          pressures: [],
          simulatePressure: true,
        };
        return {
          device,
          pointer: { x, y, laser: false, down: true },
          drawing: [{ id: stroke.id, keep: at === 0 ? 0 : at + 1, element: stroke }],
        };
      });
      socket.send(JSON.stringify({ shown }));
    }, 20);
    socket.onClose(() => clearInterval(timer));
  });
  await ann.page.goto(`${ann.origin}/s/${space}/boards/${full}`);
  await ann.page.locator('canvas.interactive').waitFor();
  await new Promise((done) => setTimeout(done, 4000));
  const cdp = await ann.context.newCDPSession(ann.page);
  await cdp.send('HeapProfiler.enable');
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    return Math.round((await cdp.send('Runtime.getHeapUsage')).usedSize / 1e6);
  };
  const before = await heap();
  await ann.page.evaluate(() => {
    const frames = /** @type {number[]} */ ([]);
    Object.assign(globalThis, { gaps: frames });
    let last = performance.now();
    const look = (/** @type {number} */ now) => {
      frames.push(now - last);
      last = now;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await ann.page.keyboard.press('p');
  await ann.page.mouse.move(box.x + 400, box.y + 500);
  await ann.page.mouse.down();
  const end = Date.now() + seconds * 1000;
  for (let n = 0; Date.now() < end; n += 1) {
    await ann.page.mouse.move(
      box.x + 400 + 200 * Math.sin(n / 20),
      box.y + 500 + 60 * Math.cos(n / 13),
    );
  }
  await ann.page.mouse.up();
  const frames = await ann.page.evaluate(
    () => /** @type {number[]} */ (Reflect.get(globalThis, 'gaps')),
  );
  figure(
    'a board of 5,000 elements with 30 people: frames, p99',
    percentile(frames, 0.99),
    'ms',
    '',
  );
  if (ann.trouble.length > 0) throw new Error(ann.trouble[0]);
  figure('the same, longest frame', Math.max(...frames), 'ms', '100 ms');
  figure('the same, memory of the page before', before, 'MB', '');
  figure('the same, memory of the page after', await heap(), 'MB', '');
});
