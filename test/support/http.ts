import { request } from 'node:http'
import type {
  Agent,
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
} from 'node:http'
import type { Socket } from 'node:net'

/** A request as a plain client sends it: nothing is added, normalised, followed or kept alive. */
export interface Question {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  /** Request target sent byte for byte instead of the URL's path. */
  readonly target?: string
  readonly body?: string | Buffer
  /** Keeps connections; left out = one connection for this request. */
  readonly agent?: Agent
}

/** A complete response. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends one request on a connection of its own and reads the whole answer. */
export async function ask(url: string, question: Question = {}): Promise<Answer> {
  const outgoing = open(url, question)
  const incoming = responseTo(outgoing)
  outgoing.end(question.body)
  return read(await incoming)
}

/** Starts a request and leaves its body, and the reading of the response, to the caller. */
export function open(url: string, question: Question = {}): ClientRequest {
  const { hostname, port, pathname, search } = new URL(url)
  return request({
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: question.target ?? pathname + search,
    method: question.method ?? 'GET',
    headers: question.headers,
    agent: question.agent ?? false,
  })
}

/** The head of the response to a request that {@link open} started. */
export function responseTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  })
}

/** Reads a response to its end; rejects when it is cut off. */
export async function read(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  }
}

/** What came of a WebSocket handshake: status 101 with the open socket, or a refusal with its body. */
export type Handshake =
  | { readonly kind: 'open'; readonly headers: IncomingHttpHeaders; readonly socket: Socket }
  | ({ readonly kind: 'refused' } & Answer)

/** Sends a WebSocket handshake with exactly these further headers. The caller destroys an open socket. */
export function shakeHands(url: string, headers: OutgoingHttpHeaders = {}): Promise<Handshake> {
  const outgoing = open(url.replace(/^ws/, 'http'), {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.from('sixteen bytes ok').toString('base64'),
      ...headers,
    },
  })
  outgoing.end()
  return new Promise((resolve, reject) => {
    outgoing.once('error', reject)
    outgoing.once('upgrade', (incoming, socket: Socket) =>
      resolve({ kind: 'open', headers: incoming.headers, socket }),
    )
    outgoing.once('response', (incoming) => {
      read(incoming).then((answer) => resolve({ kind: 'refused', ...answer }), reject)
    })
  })
}

/** A JSON text as the type its writer promises; tests compare it, so a broken promise shows. */
// The parameter names the expectation at the call, like an assertion there would.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function json<T>(text: string): T {
  return JSON.parse(text)
}

/** The next piece of a body as text; the rest stays to be read. */
export function nextPiece(incoming: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    incoming.once('data', (chunk: Buffer) => {
      // Otherwise the stream would flow on with nobody reading, and what comes next would be lost.
      incoming.pause()
      resolve(chunk.toString())
    })
    incoming.once('error', reject)
    incoming.once('end', () => reject(new Error('the body ended')))
  })
}
