/** Says that something new has arrived while nobody is looking. */
import type { Router } from './router';
import { cache, keys } from '~/api/cache';
import { leading, onEvent } from '~/api/events';
import { placeOf, talkKey, talkPath } from '~/api/talk';
import type { Message, Space } from '~/api/types';
import { browserTells } from '~/features/settings/preferences';
import { plainName, plainText } from '~/kit/text';
import { anyLooking, startAttention } from '~/parts/attention';

const most = 160;

export function startNotifications(router: Router): void {
  startAttention();
  onEvent((event) => {
    if (event.event !== 'chat.message' || event.message.mine || !leading) return;
    if (!browserTells()) return;
    // What I want to hear of, and whether it is quiet, the node knows.
    if (event.tell === false) return;
    const { message, space } = event;
    // This tab may be behind another one that is being read.
    void anyLooking().then((looking) => !looking && announce(router, space, message));
  });
}

function announce(router: Router, id: string, message: Message): void {
  const space = cache.getQueryData<Space[]>(keys.spaces)?.find((other) => other.space === id);
  const talk = { space: id, place: placeOf(message) };
  const notice = new Notification(
    [
      plainName(message.author_name),
      ...(space && !space.direct ? [`in ${plainName(space.name)}`] : []),
      ...(message.place?.title ? [`on ${plainName(message.place.title)}`] : []),
    ].join(' '),
    {
      body: plainText(message.text || message.file?.name || '').slice(0, most),
      // One notice per talk: the newest replaces the one before.
      tag: talkKey(talk),
      icon: '/favicon.svg',
    },
  );
  notice.onclick = () => {
    focus();
    void router.navigate({ href: talkPath(talk) });
    notice.close();
  };
}
