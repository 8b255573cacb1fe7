/** Taking something away with time to change one's mind: out of sight at once, gone a few seconds later. */
import { sentenceOf } from '~/api/client';
import { createStore, useStore } from '~/api/store';
import { tellFailure, tellUndoable } from '~/kit/toast';

/** Ids that views leave out, although the node still lists them. */
const hidden = createStore<ReadonlySet<string>>(new Set());

/** The ids that are out of sight. */
export const useHidden = () => useStore(hidden);

export function useVisible<T extends { id: string }>(items: T[] | undefined): T[] | undefined {
  const gone = useHidden();
  return gone.size === 0 ? items : items?.filter(({ id }) => !gone.has(id));
}

export function removeWithUndo(id: string, text: string, commit: () => Promise<unknown>): void {
  const show = () => hidden.set((before) => new Set([...before].filter((other) => other !== id)));
  hidden.set((before) => new Set([...before, id]));
  tellUndoable(
    text,
    () => {
      commit().catch((error: unknown) => {
        show();
        tellFailure(sentenceOf(error), () => removeWithUndo(id, text, commit));
      });
    },
    show,
  );
}
