/** The line of an open page to the node, as its session uses it. */
import { base, connection } from '~/api/client';
import { pageState } from '~/api/pages';
import type { Node } from './session';

/** The node closes a line so when what it told before is to be thrown away. */
const anew = 4001;

export const liveNode = (space: string, page: string): Node => ({
  open(heard) {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const line = new WebSocket(
      `${scheme}://${location.host}${base}/spaces/${space}/pages/${page}/live`,
    );
    line.binaryType = 'arraybuffer';
    line.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) heard.frame(new Uint8Array(data));
      else heard.text(String(data));
    };
    line.onclose = ({ code }) => heard.closed(code === anew);
    return {
      send: (frame) => line.readyState === WebSocket.OPEN && line.send(frame),
      close: () => line.close(),
    };
  },
  state: () => pageState(space, page),
});

/** Calls back when a node that was away answers again. */
export const onNodeBack = (back: () => void): (() => void) =>
  connection.subscribe(() => {
    if (connection.get().up === true) back();
  });
