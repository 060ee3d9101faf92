/** The oracle: the parser of Node's own HTTP server and client, strict, with none of its lenient forms. */

import type { Message, Reading } from './reading.ts'

/** What Node gives its own modules, as far as it is used here. */
interface HttpCommon {
  readonly HTTPParser: ParserClass
  readonly methods: readonly string[]
}

interface ParserClass {
  new (): Parser
  readonly REQUEST: number
  readonly RESPONSE: number
  readonly kLenientNone: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
}

interface Parser {
  initialize(type: number, resource: object, maxHeaderBytes: number, lenient: number): void
  execute(bytes: Buffer): number | Error
  finish(): Error | undefined
  close(): void
  // Handlers stand in numbered slots.
  [slot: number]: (...args: never) => unknown
}

type HeadersComplete = (
  major: number,
  minor: number,
  fields: readonly string[] | undefined,
  method: number | undefined,
  target: string | undefined,
  status: number | undefined,
  phrase: string | undefined,
  upgrade: boolean,
  keeps: boolean,
) => number

/** How to read. */
export interface Manner {
  readonly kind: 'request' | 'answer'
  /** The answer is to HEAD. */
  readonly head?: boolean
  /** The connection ends behind the bytes. */
  readonly ends?: boolean
}

/** Above every limit of ours. */
const maxHeaderBytes = 1 << 24

/** `QUERY`, which Node's list has in another place than llhttp's numbers. */
const queryNumber = 46

/** One parser, used again and again. */
export class Llhttp {
  readonly #class: ParserClass
  readonly #methods: readonly string[]
  readonly #parser: Parser

  constructor() {
    const common: unknown = process.getBuiltinModule('_http_common')
    if (!isHttpCommon(common)) throw new Error('this Node does not show its parser')
    this.#class = common.HTTPParser
    this.#methods = common.methods.filter((method) => method !== 'QUERY')
    this.#parser = new common.HTTPParser()
  }

  /** Reads bytes that come in these pieces. Stops at what is refused, and at a head that leaves HTTP. */
  read(pieces: readonly string[], manner: Manner): Reading {
    const messages: Message[] = []
    const { REQUEST, RESPONSE, kLenientNone } = this.#class
    const parser = this.#parser
    parser.initialize(manner.kind === 'request' ? REQUEST : RESPONSE, {}, maxHeaderBytes, kLenientNone)
    let piece = 0
    this.#listen(messages, manner, () => piece)
    for (; piece < pieces.length; piece += 1) {
      const result = parser.execute(Buffer.from(pieces[piece] ?? '', 'latin1'))
      if (messages.at(-1)?.leaves === true) return { messages, ending: 'closed', reason: '' }
      if (result instanceof Error) return { messages, ending: 'refused', reason: reasonOf(result) }
    }
    // An end in the middle of a message is an error to it; here that message is merely not complete.
    if (manner.ends === true) parser.finish()
    return { messages, ending: 'open', reason: '' }
  }

  #listen(messages: Message[], manner: Manner, piece: () => number): void {
    const { kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete } = this.#class
    const parser = this.#parser
    let inHead = true
    let flushed: string[] = []
    let url = ''
    // Comes in front of the rest for heads with many fields, and for trailers.
    parser[kOnHeaders] = (fields: readonly string[], target: string) => {
      if (!inHead) return
      flushed.push(...fields)
      url += target
    }
    const complete: HeadersComplete = (
      _major,
      minor,
      fields,
      method,
      target,
      status,
      _phrase,
      upgrade,
      keeps,
    ) => {
      messages.push({
        method: method === undefined ? '' : this.#method(method),
        target: target ?? url,
        status: status ?? 0,
        minor,
        fields: fields ?? flushed,
        body: '',
        completeIn: -1,
        keeps,
        leaves: upgrade,
      })
      inHead = false
      flushed = []
      url = ''
      return manner.head === true ? 1 : 0
    }
    parser[kOnHeadersComplete] = complete
    parser[kOnBody] = (bytes: Buffer) => {
      const message = messages.at(-1)
      if (message !== undefined) message.body += bytes.toString('latin1')
    }
    parser[kOnMessageComplete] = () => {
      const message = messages.at(-1)
      if (message !== undefined) message.completeIn = piece()
      inHead = true
    }
  }

  #method(number: number): string {
    if (number === queryNumber) return 'QUERY'
    return this.#methods[number] ?? `method ${number}`
  }
}

function isHttpCommon(value: unknown): value is HttpCommon {
  return typeof value === 'object' && value !== null && 'HTTPParser' in value && 'methods' in value
}

function reasonOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : ''
  const reason = 'reason' in error ? String(error.reason) : error.message
  return `${code}: ${reason}`
}
