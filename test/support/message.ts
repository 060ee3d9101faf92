/** One HTTP/1.1 message as it stood on the wire. Text is latin1: one character is one byte. */
export interface RawMessage {
  /** Request or status line. */
  readonly start: string
  /** Fields in order, names as sent, values trimmed. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Body without its framing. */
  readonly body: string
  /** How the end of the body was marked. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** Status of a response, 0 for a request. */
  readonly status: number
}

/** Every value of a field, in order; the name in any case. */
export function allFields({ fields }: Pick<RawMessage, 'fields'>, name: string): readonly string[] {
  return fields.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

/** The only value of a field; undefined when it is missing, joined with ` | ` when it is repeated. */
export function field(message: Pick<RawMessage, 'fields'>, name: string): string | undefined {
  const all = allFields(message, name)
  return all.length === 0 ? undefined : all.join(' | ')
}

/** What was found at the start of a text, and how much of the text it took. */
export interface Taken {
  readonly message: RawMessage
  readonly length: number
}

/** How to read a message. */
export interface Reading {
  readonly kind: 'request' | 'response'
  /** A response to HEAD has no body whatever its fields say. */
  readonly head: boolean
  /** Nothing more will come. */
  readonly over: boolean
}

/** The message at the start of `text`; null while it is not complete. Written to judge, so lenient in nothing. */
export function takeMessage(text: string, reading: Reading): Taken | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [start = '', ...lines] = text.slice(0, end).split('\r\n')
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const status = reading.kind === 'response' ? Number(start.split(' ')[1]) : 0
  const bodyless = reading.head || (reading.kind === 'response' && /^(1..|204|304)$/.test(String(status)))
  const rest = text.slice(end + 4)
  const body = bodyless ? none : takeBody(rest, fields, reading)
  if (body === null) return null
  const { framing, content, length } = body
  return { message: { start, fields, body: content, framing, status }, length: end + 4 + length }
}

interface Body {
  readonly framing: RawMessage['framing']
  readonly content: string
  readonly length: number
}

const none: Body = { framing: 'none', content: '', length: 0 }

function takeBody(rest: string, fields: RawMessage['fields'], { kind, over }: Reading): Body | null {
  if (field({ fields }, 'transfer-encoding') === 'chunked') return takeChunks(rest)
  const declared = field({ fields }, 'content-length')
  if (declared !== undefined) {
    const length = Number(declared)
    return rest.length < length ? null : { framing: 'length', content: rest.slice(0, length), length }
  }
  if (kind === 'request') return none
  return over ? { framing: 'close', content: rest, length: rest.length } : null
}

function takeChunks(rest: string): Body | null {
  let content = ''
  for (let at = 0; ;) {
    const line = rest.indexOf('\r\n', at)
    if (line === -1) return null
    const size = Number.parseInt(rest.slice(at, line), 16)
    if (Number.isNaN(size)) throw new Error(`not a chunk size: ${JSON.stringify(rest.slice(at, line))}`)
    const next = line + 2 + size + 2
    if (rest.length < next) return null
    if (size === 0) return { framing: 'chunked', content, length: next }
    content += rest.slice(line + 2, line + 2 + size)
    at = next
  }
}
