/** Says when the node has stopped answering, and that it is being tried again. */
import { useEffect, useState } from 'react';
import { connection } from '~/api/client';
import { useStore } from '~/api/store';
import { Icon } from '~/kit/Icon';

/** A restart takes a moment; a blink of the line is not worth a word. */
const patience = 1200;

export function Banner() {
  const { up } = useStore(connection);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (up !== false) {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), patience);
    return () => clearTimeout(timer);
  }, [up]);
  return (
    <div role="status" className="flex-none">
      {shown && (
        <div className="flex animate-fade items-center justify-center gap-2 bg-wait-soft px-4 py-2 text-[14px]/5 text-wait">
          <Icon name="alert" size={16} />
          <span>
            Compeer on this computer does not answer. What you see is from before; trying again…
          </span>
        </div>
      )}
    </div>
  );
}
