import { once } from 'node:events'
import type { Socket } from 'node:net'

import { webSocket } from './web-sockets.ts'

/** Who ends a socket and how: the client politely or not, or the worker. */
const endings = ['client ends', 'client resets', 'worker ends', 'worker resets'] as const

type Ending = (typeof endings)[number]

/** What a client says to have its socket ended so. */
const words: Readonly<Record<Ending, string>> = {
  'client ends': 'x',
  'client resets': 'x',
  'worker ends': 'E',
  'worker resets': 'R',
}

/** A message of one letter, as a client sends it. */
export function letter(text: string): Buffer {
  return Buffer.from([0x81, 0x81, 0, 0, 0, 0, text.charCodeAt(0)])
}

/** The worker's part: answers messages, and ends its side when it is told to. A Unix socket cannot be reset. */
export function obey(socket: Socket): void {
  socket.on('data', (bytes: Buffer) => {
    const said = String.fromCharCode(bytes[6] ?? 0)
    if (said === 'E') socket.end()
    else if (said === 'R') socket.resetAndDestroy()
    else socket.write(Buffer.from([0x81, 1, bytes[6] ?? 0]))
  })
}

/** Opens so many WebSockets, 20 at a time, exchanges a message over each, and ends them in every way in turn. */
export async function cycles(port: number, count: number): Promise<void> {
  let begun = 0
  const lane = async (): Promise<void> => {
    while (begun < count) await cycle(port, endings[begun++ % endings.length] ?? 'client ends')
  }
  await Promise.all(Array.from({ length: 20 }, lane))
}

async function cycle(port: number, ending: Ending): Promise<void> {
  const socket = await webSocket(port)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(letter(words[ending]))
  if (!ending.startsWith('worker')) await once(socket.resume(), 'data')
  if (ending === 'client ends') socket.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]))
  if (ending === 'client resets') socket.resetAndDestroy()
  socket.resume()
  await closed
}
