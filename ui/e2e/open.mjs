/**
 * Measures, and is no test: `COMPEER_PAGES=URL node open.mjs`. From asking for the page, in a browser that has nothing of
 * it yet, until the peer's first space shows its newest message and can be written in.
 */
import { figure, launch, pages } from './helpers.mjs';

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
const started = Date.now();
await page.goto(pages[0] ?? '', { waitUntil: 'commit' });
await page
  .getByRole('textbox', { name: /Message/ })
  .first()
  .waitFor();
await page.locator('[data-row]').last().waitFor();
figure('open', Date.now() - started, 'ms', '');
await browser.close();
