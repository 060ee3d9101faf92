import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { request } from 'node:https'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'

import { makePair, type PairFiles } from './certificates.ts'
import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'
import { read, responseTo, type Answer, type Question } from './http.ts'

/** Name in the certificates of tests; they are reached at 127.0.0.1. */
export const tlsName = 'app.example'

/** A fresh self-signed pair for a name, in a directory of its own that outlives the gateway. */
export async function freshPair(t: Cleanup, name = tlsName): Promise<PairFiles> {
  return makePair(await freshDirectory(t), name)
}

/** `[tls]` for a pair; `more` are further lines of the table. */
export function tlsTable({ cert, key }: PairFiles, more = ''): string {
  return `\n[tls]\ncert_file = "${cert}"\nkey_file = "${key}"\n${more}\n`
}

/** A connection after its handshake, to whatever certificate there is; rejects when the handshake fails. */
export async function secureClient(
  t: Cleanup,
  url: string,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(url)
  const to = { host, port: Number(port), servername: tlsName, rejectUnauthorized: false }
  const socket = connect({ ...to, ...options })
  t.after(() => void socket.destroy())
  await once(socket, 'secureConnect')
  // Whoever waits for something else learns of its end by `close`.
  socket.on('error', () => undefined)
  return socket
}

/** Starts a request over TLS of its own, to whatever certificate there is; the caller ends it. */
export function openSecurely(url: string, question: Question = {}): ClientRequest {
  const { hostname: host, port, pathname, search } = new URL(url)
  return request({
    host,
    port,
    path: question.target ?? pathname + search,
    method: question.method ?? 'GET',
    headers: { host: `${tlsName}:${port}`, ...question.headers },
    agent: question.agent ?? false,
    servername: tlsName,
    rejectUnauthorized: false,
  })
}

/** Sends one request over TLS and reads the whole answer. */
export async function askSecurely(url: string, question: Question = {}): Promise<Answer> {
  const outgoing = openSecurely(url, question)
  const incoming = responseTo(outgoing)
  outgoing.end(question.body)
  return read(await incoming)
}
