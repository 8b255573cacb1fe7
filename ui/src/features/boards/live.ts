/** The line of an open board to the node. It comes back by itself, and goes on from where it was. */
import { base, connection } from '~/api/client';
import type { BoardNews, BoardShowing } from '~/api/types';

/** Between two pictures of a screen. What changes faster is told together. */
const pace = 16;
/** Bytes that may wait to be sent; whoever is slow shows less often. */
const waiting = 64 * 1024;

export interface Live {
  /**
   * Shows something to the others, in place of what was shown before: at once if there is room for it, or `later`, together with
   * what comes next.
   */
  show: (showing: () => BoardShowing, later?: boolean) => void;
  close: () => void;
}

export function openLive(
  space: string,
  board: string,
  { news, away }: { news: (news: BoardNews) => void; away: (is: boolean) => void },
): Live {
  let socket: WebSocket | null = null;
  let closed = false;
  let since: number | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  let next: (() => BoardShowing) | null = null;
  let told = '';

  const connect = () => {
    retry = undefined;
    const query = since === null ? '' : `?since=${since}`;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const line = new WebSocket(
      `${scheme}://${location.host}${base}/spaces/${space}/boards/${board}/live${query}`,
    );
    socket = line;
    line.onopen = () => {
      failures = 0;
      told = '';
      away(false);
      pump();
    };
    line.onmessage = (event) => {
      const said = JSON.parse(String(event.data)) as BoardNews;
      since = said.drawn?.upto ?? since;
      news(said);
    };
    line.onclose = () => {
      if (closed) return;
      socket = null;
      away(true);
      failures += 1;
      retry = setTimeout(connect, Math.min(200 * 2 ** failures, 5000));
    };
  };
  // A node that answers again need not be waited for.
  const unsubscribe = connection.subscribe(() => {
    if (connection.get().up === true && retry !== undefined) {
      clearTimeout(retry);
      connect();
    }
  });

  const pump = () => {
    clearTimeout(timer);
    timer = undefined;
    if (next === null || socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > waiting) {
      timer = setTimeout(pump, pace);
      return;
    }
    const text = JSON.stringify(next());
    next = null;
    if (text === told) return;
    told = text;
    last = performance.now();
    socket.send(text);
  };

  connect();
  return {
    show(showing, later = false) {
      next = showing;
      const wait = last + pace - performance.now();
      if (wait <= 0 && !later) pump();
      else timer ??= setTimeout(pump, later ? Math.max(wait, pace) : wait);
    },
    close() {
      closed = true;
      clearTimeout(retry);
      clearTimeout(timer);
      unsubscribe();
      socket?.close();
    },
  };
}
