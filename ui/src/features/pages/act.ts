/** What is done with a page from its menus, from wherever they are. */
import { changePage, createPage, pageMarkdown } from '~/api/pages';
import { sentenceOf } from '~/api/client';
import type { Page } from '~/api/types';
import { copyText, saveAs } from '~/kit/hooks';
import { tell, tellFailure, tellUndoable } from '~/kit/toast';

export const failed = (error: unknown) => tellFailure(sentenceOf(error));

/** What a page is called before somebody gives it a title. */
export const untitled = 'Untitled';

export const titleOf = (page: Page): string => page.title ?? untitled;

/** Makes a page and says its address; null when it could not be made. */
export async function newPage(space: string, parent: string | null): Promise<string | null> {
  try {
    const page = await createPage(space, {
      title: untitled,
      ...(parent === null ? {} : { parent }),
    });
    return `/s/${space}/page/${page.id}`;
  } catch (error) {
    failed(error);
    return null;
  }
}

/** Makes a page of a Markdown file: its first heading is the title, or else the file's name. */
export async function importPage(space: string, file: File): Promise<string | null> {
  try {
    const text = (await file.text()).replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
    const heading = /^\s*# +(.+?)\s*#*\n+/.exec(`${text}\n`);
    const title = (heading?.[1] ?? file.name.replace(/\.\w+$/, '')).trim().slice(0, 200);
    const markdown = heading === null ? text : text.slice(heading[0].length);
    const page = await createPage(space, { title: title === '' ? untitled : title, markdown });
    return `/s/${space}/page/${page.id}`;
  } catch (error) {
    failed(error);
    return null;
  }
}

const withTitle = async (space: string, page: Page) =>
  `# ${titleOf(page)}\n\n${await pageMarkdown(space, page.id)}`;

export function exportPage(space: string, page: Page): void {
  const name = titleOf(page)
    .replace(/[\p{Cc}\p{Cf}\\/:*?"<>|]+/gu, ' ')
    .trim();
  withTitle(space, page).then(
    (text) => saveAs(`${name === '' ? 'page' : name}.md`, text, 'text/markdown'),
    failed,
  );
}

export function copyPage(space: string, page: Page): void {
  withTitle(space, page).then(
    async (text) => tell((await copyText(text)) ? 'Copied.' : 'Copying did not work here.'),
    failed,
  );
}

export function archivePage(space: string, page: Page): void {
  changePage(space, page.id, { archived: true }).then(
    () =>
      tellUndoable('The page is archived.', null, () => {
        changePage(space, page.id, { archived: false }).catch(failed);
      }),
    failed,
  );
}

export function bringPageBack(space: string, page: Page): void {
  changePage(space, page.id, { archived: false }).catch(failed);
}
