/** One connection of a gateway to a recording worker: reads requests strictly and answers each. */

import type { Socket } from 'node:net'

import { field, takeMessage } from '../support/message.ts'
import type { RawMessage } from '../support/message.ts'
import { acceptFor, agreement } from '../support/websocket.ts'
import type { AnswerCase } from './answer-case.ts'
import { deliver } from './delivery.ts'
import type { Delivery } from './delivery.ts'

/** Start of the targets that ask whether a connection still works; a worker does not mention them. */
export const probePath = '/probe/'

/** Path that a gateway may ask for by itself to see whether the worker is there. */
export const readyPath = '/__ready'

/** A message of a WebSocket client, and what comes back. */
export const greeting = { sent: '\x81\x82\x00\x00\x00\x00hi', returned: '\x81\x02hi' }

/** How the case at hand is answered instead of in the usual way. */
export type Script = Pick<AnswerCase, 'answer' | 'early' | 'after'> & { readonly how: Delivery }

/** What a {@link Line} reports to. */
export interface Ledger {
  readonly script: Script | null
  /** Remembers a request and the connection it came on. */
  note(request: RawMessage, line: Line): void
  /** Something has happened on a connection. */
  changed(): void
}

/** One connection of the gateway to its worker. */
export class Line {
  readonly socket: Socket
  /** What has arrived and is not a complete request. */
  text = ''
  state: 'http' | 'tunnel' | 'answered early' = 'http'
  /** The gateway has ended it. */
  over = false
  readonly #ledger: Ledger

  constructor(socket: Socket, ledger: Ledger) {
    this.socket = socket.setNoDelay(true).on('error', () => undefined)
    this.#ledger = ledger
    const end = (): void => {
      this.over = true
      this.socket.end()
      ledger.changed()
    }
    socket.once('end', end).once('close', end)
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
      this.#read()
      ledger.changed()
    })
  }

  /** Nothing is on its way. */
  get quiet(): boolean {
    return this.over || this.state !== 'http' || this.text === ''
  }

  #read(): void {
    const script = this.#ledger.script
    if (this.state === 'http' && script?.early === true && this.#isAsked()) return this.#answerEarly(script)
    while (this.state === 'http') {
      const taken = takeMessage(this.text, { kind: 'request', head: false, over: false })
      if (taken === null) return
      this.text = this.text.slice(taken.length)
      this.#answer(taken.message)
    }
    if (this.state === 'tunnel' && this.text.startsWith('\x81') && this.text.length >= greeting.sent.length) {
      this.socket.write(Buffer.from(unmasked(this.text), 'latin1'))
      this.text = ''
    }
  }

  #isAsked(): boolean {
    return this.text.includes('\r\n\r\n') && !this.text.includes(probePath)
  }

  #answerEarly(script: Script): void {
    this.state = 'answered early'
    const [start = ''] = this.text.split('\r\n', 1)
    this.#ledger.note({ start, fields: [], body: '', framing: 'none', status: 0 }, this)
    void play(this.socket, script)
  }

  #answer(request: RawMessage): void {
    const [method = '', target = ''] = request.start.split(' ')
    const { script } = this.#ledger
    if (target.startsWith(readyPath)) return void this.socket.write(usual('GET', target))
    if (target.startsWith(probePath)) return void this.socket.write(usual(method, target))
    this.#ledger.note(request, this)
    if (script !== null) return void play(this.socket, script)
    const upgrades = field(request, 'upgrade')?.toLowerCase() === 'websocket'
    if (!upgrades) return void this.socket.write(usual(method, target))
    if (target === '/refuse') return void this.socket.write(refusal)
    this.state = 'tunnel'
    const accept = acceptFor(field(request, 'sec-websocket-key') ?? '')
    this.socket.write(agreement([], { 'Sec-WebSocket-Accept': accept }))
  }
}

const refusal = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'

/** Says which request is answered, so that nobody can be given another one's answer unnoticed. */
function usual(method: string, target: string): string {
  const text = `seen ${method} ${target}`
  return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${method === 'HEAD' ? '' : text}`
}

async function play(socket: Socket, { answer, after, how }: Script): Promise<void> {
  await deliver(socket, answer, how)
  if (after === 'ends') socket.end()
  if (after === 'resets') socket.resetAndDestroy()
}

/** A short masked message as the other side sends it: same text, no mask. */
function unmasked(frame: string): string {
  const mask = frame.slice(2, 6)
  const text = frame
    .slice(6)
    .split('')
    .map((byte, index) => String.fromCharCode(byte.charCodeAt(0) ^ mask.charCodeAt(index % 4)))
  return `\x81${String.fromCharCode(text.length)}${text.join('')}`
}
