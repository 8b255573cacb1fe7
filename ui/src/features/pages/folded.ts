/** Pages whose inner pages are not shown in the tree, in this browser. */
import { createKeptStore } from '~/api/store';

export const folded = createKeptStore<string[]>('compeer.folded-pages', []);
