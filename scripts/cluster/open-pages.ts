/** Pages that are open while Pods go: WebSockets as a browser with Streamlit has one. */

import { once } from 'node:events'

import { WebSocket } from 'ws'

/** How many at the same time. */
const count = 10

/** Opened through a Service; `ended` resolves when all are closed, with how often each close code was seen. */
export async function openPages(
  url: string,
): Promise<{ readonly ended: Promise<ReadonlyMap<number, number>> }> {
  const address = `${url.replace('http', 'ws')}/_stcore/stream`
  const sockets = Array.from({ length: count }, () => new WebSocket(address, ['streamlit'], { origin: url }))
  const ended = Promise.all(sockets.map(closeCode)).then(counted)
  await Promise.all(sockets.map((socket) => once(socket, 'open')))
  return { ended }
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await once(socket, 'close')
  return code
}

function counted(codes: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1)
  return counts
}

/** `10 with 1012`. */
export function codesText(counts: ReadonlyMap<number, number>): string {
  return [...counts].map(([code, times]) => `${times} with ${code}`).join(', ')
}
