/** What is new to the reader, what they have missed while scrolled up, and telling the node what was seen. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { markRead } from '~/api/actions';
import { cache, keys } from '~/api/cache';
import { fetchSoon, onEvent } from '~/api/events';
import { firstUnread, type MessageWindow } from '~/api/messages';
import { loadOlder } from '~/api/queries';
import type { Message, Space } from '~/api/types';
import { attended, useLooking } from '~/parts/attention';

/** How far back the "New" line is searched for; beyond that the beginning of what is loaded must do. */
const searchPages = 6;

export interface Reading {
  /** The message above which the "New" line stands. */
  newFrom: string | null;
  /** Null until it is known whether there is anything new to go to. */
  ready: boolean;
  missed: number;
  /** The newest message of somebody else, to be read out. */
  latest: Message | null;
  forgetNew: () => void;
}

export function useReading(
  space: Space,
  window: MessageWindow | undefined,
  atEnd: boolean,
): Reading {
  const id = space.space;
  const looking = useLooking();
  const [newFrom, setNewFrom] = useState<string | null>(null);
  const [ready, setReady] = useState(space.unread === 0);
  const [missed, setMissed] = useState(0);
  const [latest, setLatest] = useState<Message | null>(null);
  const attentive = looking && atEnd;

  // Where "New" began is decided once, on arrival, before reading makes it all old.
  const arrived = useRef(false);
  const loaded = window !== undefined;
  useEffect(() => {
    if (!loaded || arrived.current) return;
    arrived.current = true;
    const { unread } = space;
    if (unread === 0) return;
    const find = async () => {
      for (let page = 0; page < searchPages; page++) {
        const now = cache.getQueryData<MessageWindow>(keys.messages(id));
        if (now === undefined) break;
        const first = firstUnread(now, unread);
        if (first !== null || !now.older) {
          setNewFrom(first);
          break;
        }
        await loadOlder(id);
      }
    };
    void find()
      .catch(() => undefined)
      .finally(() => setReady(true));
  }, [loaded, id, space]);

  useEffect(
    () =>
      onEvent((event) => {
        if (event.event !== 'chat.message' || event.space !== id || event.message.mine) return;
        setLatest(event.message);
        if (attentive) return;
        setNewFrom((before) => before ?? event.message.id);
        if (!atEnd) setMissed((before) => before + 1);
      }),
    [id, attentive, atEnd],
  );

  useEffect(() => {
    if (atEnd) setMissed(0);
  }, [atEnd]);

  // While the end is in front of somebody's eyes, whatever arrives is read.
  const present = window?.newer === false && ready && attentive;
  const last = window?.messages.at(-1)?.id;
  const lastOfOthers = window?.messages.findLast((message) => !message.mine)?.id ?? null;
  useEffect(() => {
    attended.set(present ? id : null);
    return () => attended.set(null);
  }, [present, id]);
  const told = useRef<string | null>(null);
  useEffect(() => {
    if (!present || last === undefined) return;
    if (space.unread === 0) {
      // Nothing was unread on arrival: then all of it has been seen before.
      told.current ??= lastOfOthers;
      if (told.current === lastOfOthers) return;
    }
    // A breath later, so that a burst is one call and a glance in passing is none.
    const timer = setTimeout(() => {
      told.current = lastOfOthers;
      markRead(id, last).catch(() => fetchSoon(keys.spaces));
    }, 300);
    return () => clearTimeout(timer);
  }, [present, last, lastOfOthers, id, space.unread]);

  const forgetNew = useCallback(() => setNewFrom(null), []);
  return { newFrom, ready, missed, latest, forgetNew };
}
