/** Request heads (RFC 9112 3): one reader for complete heads, which alone accepts, and one that refuses early. */

import { failure, type Failure } from '../fault/failure.ts'
import { carriageReturn, isA, isToken, lineFeed, space, targetBit, tokenBit, valueBit } from './bytes.ts'
import { declaredFraming, earlyComplaint, FieldSection, readFields } from './fields.ts'
import { noBody, type HeadLimits, type RequestHead } from './head.ts'

/** What the fields of a request say, as far as HTTP/1.1 is concerned. */
type RequestFields = Pick<RequestHead, 'fields' | 'framing' | 'connection'>

/** Longest text of fields that is remembered, in characters. */
const rememberedLength = 4 * 1024

/**
 * The fields a connection has sent last. Most clients send the same ones again and again; what is equal byte for
 * byte has been read already.
 */
export class FieldMemory {
  #text = ''
  #minor: 0 | 1 = 0
  #fields: RequestFields | null = null

  /** What was read from the same text, or null. */
  recall(text: string, minor: 0 | 1): RequestFields | null {
    return minor === this.#minor && text === this.#text ? this.#fields : null
  }

  /** Keeps what was read from a text, when it is short. */
  keep(text: string, minor: 0 | 1, fields: RequestFields): void {
    if (text.length > rememberedLength) return
    this.#text = text
    this.#minor = minor
    this.#fields = fields
  }
}

/**
 * Reads a complete request head.
 * @param from offset of the request line
 * @param end offset behind the CR LF of the last line, where the empty line begins
 * @param memory of what was read with the same limits
 * @returns the head, or why it is refused
 */
export function readRequestHead(
  bytes: Buffer,
  from: number,
  end: number,
  limits: HeadLimits,
  memory: FieldMemory | null = null,
): RequestHead | Failure {
  const text = bytes.toString('latin1', from, end)
  const lineEnd = text.indexOf('\r\n')
  if (text.length > limits.headerBytes)
    return failure(lineEnd > limits.headerBytes ? 'target_too_long' : 'header_too_large')
  const line = readRequestLine(text.slice(0, lineEnd), limits)
  if ('code' in line) return line
  const { method, target, minor } = line
  const fieldText = text.slice(lineEnd + 2)
  const known = memory?.recall(fieldText, minor) ?? null
  const read = known ?? readRequestFields(bytes, text, from, lineEnd + 2, end, limits, minor)
  if ('code' in read) return read
  if (known === null) memory?.keep(fieldText, minor, read)
  return { method, target, minor, fields: read.fields, framing: read.framing, connection: read.connection }
}

function readRequestFields(
  bytes: Buffer,
  text: string,
  from: number,
  at: number,
  end: number,
  limits: HeadLimits,
  minor: 0 | 1,
): RequestFields | Failure {
  const section = new FieldSection()
  const complaint = readFields(bytes, text, from, from + at, end, section)
  if (complaint !== null) return failure('bad_request', complaint)
  if (section.fields.length / 2 > limits.headerCount) return failure('header_too_large')
  const declared = declaredFraming(section, minor)
  if (declared.kind === 'refused') return failure(refusalCodes[declared.why], declared.complaint)
  return { fields: section.fields, framing: declared.framing ?? noBody, connection: section.connection }
}

const refusalCodes = {
  invalid: 'bad_request',
  'unknown-coding': 'transfer_not_implemented',
  'too-large': 'body_too_large',
} as const

interface RequestLine {
  readonly method: string
  readonly target: string
  readonly minor: 0 | 1
}

/** The methods of the IANA registry that a server may meet; others are nobody's. */
const methods = new Set(
  (
    'GET HEAD POST PUT DELETE PATCH OPTIONS CONNECT TRACE ACL BIND CHECKOUT COPY LINK LOCK MERGE MKACTIVITY ' +
    'MKCALENDAR MKCOL MOVE PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH UNBIND UNLINK UNLOCK'
  ).split(' '),
)

/** Spaces between the parts may be several (nothing of the line is sent on as it came), tabs may not. */
function readRequestLine(line: string, limits: HeadLimits): RequestLine | Failure {
  const methodEnd = line.indexOf(' ')
  if (methodEnd === -1 || !isToken(line.slice(0, methodEnd)))
    return failure('bad_request', 'The request does not begin with a method.')
  let targetStart = methodEnd + 1
  while (line.charCodeAt(targetStart) === space) targetStart += 1
  let targetEnd = targetStart
  while (isA(line.charCodeAt(targetEnd), targetBit)) targetEnd += 1
  const targetLength = targetEnd - targetStart
  if (targetLength > limits.targetBytes) return failure('target_too_long')
  if (targetLength === 0 || (targetEnd < line.length && line.charCodeAt(targetEnd) !== space))
    return failure('bad_request', 'The request target has a character that is not allowed.')
  let versionStart = targetEnd
  while (line.charCodeAt(versionStart) === space) versionStart += 1
  const minor = minorOf(line, versionStart)
  if (typeof minor !== 'number') return minor
  const method = line.slice(0, methodEnd)
  if (!methods.has(method)) return failure('bad_request', 'The method is not one of HTTP.')
  const target = line.slice(targetStart, targetEnd)
  if (!hasTargetForm(target, method)) return failure('bad_target')
  return { method, target, minor }
}

function minorOf(line: string, start: number): 0 | 1 | Failure {
  if (line.startsWith('HTTP/1.', start) && line.length === start + 8) {
    const digit = line.charCodeAt(start + 7)
    if (digit === 0x31) return 1
    if (digit === 0x30) return 0
  }
  if (start === line.length || /^HTTP\/\d\.\d$/.test(line.slice(start))) return failure('http_version')
  return failure('bad_request', 'The request line does not end in an HTTP version.')
}

/** The four forms of RFC 9112 3.2: a path, `*`, an absolute URI, and for CONNECT a host and port. */
function hasTargetForm(target: string, method: string): boolean {
  const first = target.charCodeAt(0)
  if (first === 0x2f || target === '*' || method === 'CONNECT') return true
  return /^[A-Za-z]+:\/\/[^/?#]/.test(target)
}

/**
 * Looks at a head whose end has not arrived and says whether waiting for more is of any use: most of what is
 * wrong with a head shows before its end, and its sender should hear of it then. Never refuses what
 * {@link readRequestHead} would accept.
 * @param from offset of the request line
 * @param checked offset up to which an earlier call has looked
 */
export function refuseEarly(
  bytes: Uint8Array,
  from: number,
  checked: number,
  limits: HeadLimits,
): Failure | null {
  if (!isA(bytes[from], tokenBit)) return failure('bad_request', 'The request does not begin with a method.')
  const complaint = earlyComplaint(bytes, from, checked, bytes.length)
  if (complaint !== null) return failure('bad_request', complaint)
  for (let i = Math.max(from, checked); i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0
    if (!isA(byte, valueBit) && byte !== carriageReturn && byte !== lineFeed)
      return failure('bad_request', 'The request has a control character.')
  }
  // Of the empty line that ends the longest head its carriage return may be there.
  if (bytes.length - from <= limits.headerBytes + 1) return null
  return failure(bytes.indexOf(lineFeed, from) === -1 ? 'target_too_long' : 'header_too_large')
}
