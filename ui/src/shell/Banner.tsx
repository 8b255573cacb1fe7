/** Says over every view what nobody may miss: the node does not answer, or it cannot do its work. */
import { Link, useMatchRoute } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { connection } from '~/api/client';
import { useStatus } from '~/api/queries';
import { useStore } from '~/api/store';
import { Icon } from '~/kit/Icon';
import { plainText } from '~/kit/text';

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
  const match = useMatchRoute();
  const error = useStatus().data?.problems.findLast(({ severity }) => severity === 'error');
  return (
    <div role="status" className="flex-none">
      {!shown && error !== undefined && match({ to: '/network' }) === false && (
        <div className="flex animate-fade items-center justify-center gap-2 bg-need-soft px-4 py-2 text-[14px]/5 text-need">
          <Icon name="alert" size={16} />
          <span className="line-clamp-2 [overflow-wrap:anywhere]">{plainText(error.text)}</span>
          <Link
            to="/network"
            className="flex flex-none items-center font-semibold underline underline-offset-2 touch:-my-3 touch:min-h-11"
          >
            What to do
          </Link>
        </div>
      )}
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
