/** Files that are on their way from this browser into the space. */
import { useStore } from '~/api/store';
import { cancelUpload, retryUpload, uploads, type Upload } from '~/api/uploads';
import { IconButton } from '~/kit/Button';
import { formatSize, percent, plural } from '~/kit/format';
import { Icon } from '~/kit/Icon';
import { Progress } from '~/kit/Progress';
import { Name } from '~/kit/Text';
import { plainName } from '~/kit/text';
import { splitPath } from './words';

/** So many are listed; of the rest only how many there are. */
const listed = 4;

export function UploadRows({ space }: { space: string }) {
  const items = useStore(uploads).filter((item) => item.space === space);
  if (items.length === 0) return null;
  const rest = items.length - listed;
  return (
    <section
      aria-label="Being added"
      className="mb-2 rounded-card border border-line bg-raised py-1"
    >
      <ul>
        {items.slice(0, listed).map((item) => (
          <UploadRow key={item.id} item={item} />
        ))}
      </ul>
      {rest > 0 && (
        <p className="px-3 pb-1.5 text-small text-text-3">and {plural(rest, 'more file')}</p>
      )}
    </section>
  );
}

function UploadRow({ item }: { item: Upload }) {
  const name = plainName(splitPath(item.name).name);
  const failed = item.state === 'failed';
  return (
    <li className="flex items-center gap-3 py-1 pr-1.5 pl-3">
      <Icon
        name={failed ? 'alert' : 'upload'}
        size={16}
        className={failed ? 'text-need' : 'text-text-3'}
      />
      <div className="min-w-0 flex-1">
        <div className="flex items-baseline gap-2">
          <span className="min-w-0 truncate text-[14px]/5 font-medium">
            <Name>{splitPath(item.name).name}</Name>
          </span>
          <span className={`flex-none text-tiny nums ${failed ? 'text-need' : 'text-text-3'}`}>
            {failed
              ? ''
              : item.state === 'queued'
                ? formatSize(item.size)
                : `${formatSize(item.done)} of ${formatSize(item.size)}`}
          </span>
        </div>
        {failed ? (
          <p role="alert" className="text-small text-need">
            {item.reason}
          </p>
        ) : (
          <div className="mt-1 mb-0.5">
            <Progress label={`Adding ${name}`} value={percent(item.done, item.size)} />
          </div>
        )}
      </div>
      {failed && (
        <IconButton
          icon="retry"
          size="s"
          label={`Try again: ${name}`}
          onClick={() => retryUpload(item.id)}
        />
      )}
      <IconButton
        icon="close"
        size="s"
        label={`${failed ? 'Discard' : 'Cancel'} ${name}`}
        onClick={() => cancelUpload(item.id)}
      />
    </li>
  );
}
