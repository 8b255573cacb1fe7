/** Says that something new has arrived while nobody is looking. */
import type { Router } from './router';
import { cache, keys } from '~/api/cache';
import { leading, onEvent } from '~/api/events';
import type { Message, Space } from '~/api/types';
import { notify } from '~/features/settings/preferences';
import { plainName, plainText } from '~/kit/text';
import { anyLooking, startAttention } from '~/parts/attention';

const most = 160;

export function startNotifications(router: Router): void {
  startAttention();
  onEvent((event) => {
    if (event.event !== 'chat.message' || event.message.mine || !leading) return;
    if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
    if (!notify.get()) return;
    const { message, space } = event;
    // This tab may be behind another one that is being read.
    void anyLooking().then((looking) => looking || announce(router, space, message));
  });
}

function announce(router: Router, id: string, message: Message): void {
  const space = cache.getQueryData<Space[]>(keys.spaces)?.find((other) => other.space === id);
  const notice = new Notification(
    `${plainName(message.author_name)}${space ? ` in ${plainName(space.name)}` : ''}`,
    {
      body: plainText(message.text || message.file?.name || '').slice(0, most),
      // One notice per space: the newest replaces the one before.
      tag: id,
      icon: '/favicon.svg',
    },
  );
  notice.onclick = () => {
    focus();
    void router.navigate({ to: '/s/$space/chat', params: { space: id } });
    notice.close();
  };
}
