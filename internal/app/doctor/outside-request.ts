/** Requests as a browser outside would send them, and what came back. */

import { createHash, randomBytes } from 'node:crypto'
import {
  request as plainRequest,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { request as tlsRequest } from 'node:https'

/** Milliseconds without an answer after which there is none. */
const patienceMs = 10_000

/** Of a body that explains a refusal. */
const shownBody = 2048

/** What came of a request. */
export type Reply =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      readonly body: string
    }
  /** The other side agreed to speak WebSocket. */
  | { readonly kind: 'upgraded'; readonly headers: IncomingHttpHeaders; readonly isValid: boolean }
  /** Nothing within the time. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/** What is asked besides the address. */
export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent without ending the request: the answer has to come before the rest of the body. */
  readonly beginning?: Buffer
  /** Milliseconds of patience. */
  readonly patienceMs?: number
}

/** Asks once, on a connection of its own. Redirects are not followed. Never rejects. */
export function askOutside(url: URL, question: Question = {}): Promise<Reply> {
  const { promise, resolve } = Promise.withResolvers<Reply>()
  const options = { method: question.method ?? 'GET', headers: question.headers ?? {}, agent: false }
  const outgoing = url.protocol === 'https:' ? tlsRequest(url, options) : plainRequest(url, options)
  const patience = setTimeout(() => resolve({ kind: 'silence' }), question.patienceMs ?? patienceMs)
  outgoing.on('response', (incoming) => void readReply(incoming).then(resolve))
  outgoing.on('upgrade', (incoming, socket) => {
    socket.destroy()
    resolve({ kind: 'upgraded', headers: incoming.headers, isValid: false })
  })
  outgoing.on('error', (error: NodeJS.ErrnoException) =>
    resolve({ kind: 'failed', code: error.code ?? 'error', message: error.message }),
  )
  send(outgoing, question)
  return promise.finally(() => {
    clearTimeout(patience)
    outgoing.destroy()
  })
}

/** Opens a WebSocket as the page does, and closes it again. */
export async function knock(url: URL): Promise<Reply> {
  const key = randomBytes(16).toString('base64')
  const reply = await askOutside(url, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      'sec-websocket-protocol': 'streamlit',
      origin: url.origin,
    },
  })
  if (reply.kind !== 'upgraded') return reply
  return { ...reply, isValid: reply.headers['sec-websocket-accept'] === acceptOf(key) }
}

/** RFC 6455 4.2.2. */
function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

function send(outgoing: ClientRequest, { beginning }: Question): void {
  if (beginning === undefined) outgoing.end()
  else if (beginning.length === 0) outgoing.flushHeaders()
  else outgoing.write(beginning)
}

async function readReply(incoming: IncomingMessage): Promise<Reply> {
  let body = ''
  try {
    for await (const piece of incoming.setEncoding('utf8')) {
      body += String(piece)
      if (body.length >= shownBody) break
    }
  } catch {
    // What came of it is enough to say what answered.
  }
  return {
    kind: 'answer',
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    body: body.slice(0, shownBody),
  }
}
