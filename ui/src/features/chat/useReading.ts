/** What is new to the reader, what they have missed while scrolled up, and telling the node what was seen. */
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { markRead } from '~/api/actions';
import { cache, keys } from '~/api/cache';
import { fetchSoon, onEvent } from '~/api/events';
import type { MessageWindow } from '~/api/messages';
import { loadOlder, topicsQuery } from '~/api/queries';
import { placeOf, sameTalk, type Talk } from '~/api/talk';
import type { Message } from '~/api/types';
import { attended, useLooking } from '~/parts/attention';

/** How far back the "New" line is searched for; beyond that the beginning of what is loaded must do. */
const searchPages = 6;

export interface Reading {
  /** The message above which the "New" line stands. */
  newFrom: string | null;
  /** False until it is known whether there is anything new to go to. */
  ready: boolean;
  missed: number;
  /** The newest message of somebody else, to be read out. */
  latest: Message | null;
  forgetNew: () => void;
  /** The person has asked for this: it is where "New" begins, and nothing is read by itself until they come back. */
  leaveUnread: (from: string) => void;
}

export function useReading(
  talk: Talk,
  window: MessageWindow,
  atEnd: boolean,
  scroller: RefObject<HTMLElement | null>,
): Reading {
  const { space, place } = talk;
  const looking = useLooking();
  const [newFrom, setNewFrom] = useState<string | null>(null);
  const [ready, setReady] = useState(false);
  const [missed, setMissed] = useState(0);
  const [latest, setLatest] = useState<Message | null>(null);
  const [left, setLeft] = useState(false);
  const attentive = looking && atEnd;

  // Where "New" began is decided once, on arrival, before reading makes it all old.
  const arrived = useRef(false);
  useEffect(() => {
    if (arrived.current) return;
    arrived.current = true;
    const find = async () => {
      const topics = await cache.query({ ...topicsQuery(space), staleTime: 0 });
      const first = topics.find(({ id }) => id === place)?.first_unread ?? null;
      if (first === null) return;
      for (let page = 0; page < searchPages; page++) {
        const now = cache.getQueryData<MessageWindow>(keys.messages({ space, place }));
        if (now === undefined) break;
        const found = now.messages.some(({ id }) => id === first);
        if (found || !now.older) {
          setNewFrom(found ? first : (now.messages.find(({ unread }) => unread)?.id ?? null));
          break;
        }
        await loadOlder({ space, place });
      }
    };
    void find()
      .catch(() => undefined)
      .finally(() => setReady(true));
  }, [space, place]);

  useEffect(
    () =>
      onEvent((event) => {
        if (event.event !== 'chat.message' || event.message.mine) return;
        if (!sameTalk({ space, place }, { space: event.space, place: placeOf(event.message) }))
          return;
        setLatest(event.message);
        if (attentive) return;
        setNewFrom((before) => before ?? event.message.id);
        if (!atEnd) setMissed((before) => before + 1);
      }),
    [space, place, attentive, atEnd],
  );

  useEffect(() => {
    if (atEnd) setMissed(0);
  }, [atEnd]);

  // While the end is in front of somebody's eyes, whatever arrives there is read.
  const present = !window.newer && ready && attentive && !left;
  useEffect(() => {
    attended.set(present ? { space, place } : null);
    return () => attended.set(null);
  }, [present, space, place]);
  // What was further up comes into sight by scrolling.
  const [moved, setMoved] = useState(0);
  useEffect(() => {
    const element = scroller.current;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const onScroll = () => {
      timer ??= setTimeout(() => {
        timer = null;
        setMoved((before) => before + 1);
      }, 200);
    };
    element?.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      element?.removeEventListener('scroll', onScroll);
      if (timer !== null) clearTimeout(timer);
    };
  }, [scroller]);
  const unread = window.messages.filter((message) => message.unread);
  const last = window.messages.at(-1)?.id;
  const waiting = unread.map(({ id }) => id).join();
  useEffect(() => {
    if (!ready || !looking || left || waiting === '' || last === undefined) return;
    // A breath later, so that a burst is one call and a glance in passing is none.
    const timer = setTimeout(() => {
      // What came late stands further up, and is read when it has been in sight.
      const seen = waiting.split(',').filter((id) => isInSight(scroller.current, id));
      if (!present && seen.length === 0) return;
      markRead({ space, place }, present ? last : null, seen).catch(() =>
        fetchSoon(keys.topics(space)),
      );
    }, 300);
    return () => clearTimeout(timer);
  }, [ready, looking, left, present, waiting, last, space, place, scroller, moved]);

  const forgetNew = useCallback(() => setNewFrom(null), []);
  const leaveUnread = useCallback((from: string) => {
    setLeft(true);
    setNewFrom(from);
  }, []);
  return { newFrom, ready, missed, latest, forgetNew, leaveUnread };
}

function isInSight(scroller: HTMLElement | null, id: string): boolean {
  const row = document.getElementById(id);
  if (scroller === null || row === null) return false;
  const [frame, box] = [scroller.getBoundingClientRect(), row.getBoundingClientRect()];
  return box.bottom > frame.top && box.top < frame.bottom;
}
