/** Parts of the page that its first view does without: they come when they are drawn, or when there is nothing else to do. */
import {
  lazy,
  Suspense,
  useState,
  type ComponentType,
  type FunctionComponent,
  type ReactNode,
} from 'react';
import { Button } from './Button';
import { Failure, Loading } from './EmptyState';

const all: (() => Promise<unknown>)[] = [];

/**
 * A component that is fetched apart. `fallback` stands in its place until it is there. One that did not come says so, and
 * is asked for again when it is drawn anew.
 */
export function later<P extends object>(
  load: () => Promise<ComponentType<P>>,
  { fallback = <Loading />, ahead = true }: { fallback?: ReactNode; ahead?: boolean } = {},
): FunctionComponent<P> {
  let ready: ComponentType<P> | undefined;
  const fetched = async () => (ready ??= await load());
  if (ahead) all.push(fetched);
  const begin = () =>
    lazy<ComponentType<P>>(async () => {
      try {
        return { default: await fetched() };
      } catch {
        Waiting = begin();
        return { default: Missing };
      }
    });
  let Waiting = begin();
  return function Later(props: P) {
    // What is here already is drawn at once. Changing from one to the other would make it begin anew.
    const [Part] = useState<ComponentType<P>>(() => ready ?? Waiting);
    return (
      <Suspense fallback={fallback}>
        <Part {...props} />
      </Suspense>
    );
  };
}

/** Fetches what may be wanted next, so that it is there when it is. */
export async function fetchAhead(): Promise<void> {
  for (const fetched of all) {
    // One that does not come now is asked for again when it is drawn.
    await fetched().catch(() => undefined);
  }
}

/** The node was replaced by a newer one, whose page is another; or it does not answer. */
function Missing() {
  return (
    <Failure retry={<Button onClick={() => location.reload()}>Reload the page</Button>}>
      This part of the page could not be fetched. Compeer may have become newer meanwhile.
    </Failure>
  );
}
