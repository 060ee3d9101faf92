/** WebSockets: many that are open, or some that send a message as soon as the last one was answered. */

import { setTimeout as pause } from 'node:timers/promises'

import { optionsText, serve } from '../serve.ts'
import { SocketClient } from '../socket-client.ts'

/** What is opened. Every socket exchanges one message before anything is measured. */
export interface SocketsOptions {
  readonly port: number
  readonly count: number
  /** Bytes of a message. */
  readonly size: number
  /** `echo` exchanges messages for `seconds`; `hold` stays open for `seconds` without any. */
  readonly kind: 'echo' | 'hold'
  readonly seconds: number
}

/** What came of it. */
export interface SocketsResult {
  /** Messages that were answered while it ran. */
  readonly messages: number
  /** Sockets that were still open at its end. */
  readonly open: number
}

/** As many handshakes are on their way at the same time: fewer than any backlog. */
const parallel = 100

async function openAll({ port, count, size }: SocketsOptions): Promise<readonly SocketClient[]> {
  const clients: SocketClient[] = []
  while (clients.length < count) {
    const next = Math.min(parallel, count - clients.length)
    const opening = Array.from({ length: next }, () => new SocketClient(port, size))
    await Promise.all(opening.map(({ opened }) => opened))
    clients.push(...opening)
  }
  return clients
}

async function run(
  clients: readonly SocketClient[],
  { kind, seconds }: SocketsOptions,
): Promise<SocketsResult> {
  if (kind === 'echo') for (const client of clients) client.start()
  await pause(seconds * 1000)
  for (const client of clients) client.stop()
  return {
    messages: clients.reduce((total, { messages }) => total + messages, 0),
    open: clients.filter(({ isOpen }) => isOpen).length,
  }
}

if (import.meta.main) {
  const options: SocketsOptions = JSON.parse(optionsText())
  await serve(async () => {
    const clients = await openAll(options)
    return () => run(clients, options)
  })
}
