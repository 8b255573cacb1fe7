/** Says over every view what nobody may miss: the node does not answer, or it cannot do its work. */
import { Link, useMatchRoute } from '@tanstack/react-router';
import { silent } from '~/api/client';
import { useStatus } from '~/api/queries';
import { useStore } from '~/api/store';
import { Icon } from '~/kit/Icon';
import { plainText } from '~/kit/text';

export function Banner() {
  const down = useStore(silent);
  const match = useMatchRoute();
  const error = useStatus().data?.problems.findLast(({ severity }) => severity === 'error');
  return (
    <div role="status" className="flex-none">
      {!down && error !== undefined && match({ to: '/network' }) === false && (
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
      {down && (
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
