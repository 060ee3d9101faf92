/**
 * Field lines (RFC 9112 5), the same for requests, answers and trailers. No lenient form is read: no folding, no
 * space before the colon, no line that ends in anything but CR LF.
 */

import { byteClass, carriageReturn, colon, lineFeed, space, tab, tokenBit, valueBit } from './bytes.ts'
import { chunkedBody, noTokens, type Framing } from './head.ts'

/** Why something is not HTTP/1.1, as a sentence about the message. */
export type Complaint = string

/** What the fields of a head say about the message itself; filled by {@link readFields}. */
export class FieldSection {
  /** Flat name, value list. */
  readonly fields: string[] = []
  /** Lower-case tokens of `Connection`. */
  connection: readonly string[] = noTokens
  /** Values of `Content-Length` and `Transfer-Encoding`; null = no such line. */
  length: string | null = null
  transfer: string | null = null
  /** A second line of either, which no honest sender writes. */
  repeatsFraming = false

  /** Takes one field, in order. */
  add(name: string, value: string): void {
    this.fields.push(name, value)
    // The length of the name rules out nearly every other field without a comparison.
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      this.repeatsFraming ||= this.length !== null
      this.length = value
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      this.repeatsFraming ||= this.transfer !== null
      this.transfer = value
    } else if (name.length === 10 && name.toLowerCase() === 'connection') {
      this.connection = withTokens(this.connection, value)
    }
  }
}

/** Tokens of the two values that nearly all messages have. */
const keepAlive: readonly string[] = ['keep-alive']
const close: readonly string[] = ['close']

function withTokens(before: readonly string[], value: string): readonly string[] {
  if (before === noTokens && value === 'keep-alive') return keepAlive
  if (before === noTokens && value === 'close') return close
  const tokens = value.split(',').map((token) => trimmed(token).toLowerCase())
  return [...before, ...tokens.filter((token) => token !== '')]
}

/** Without spaces and tabs around it; `trim` would also remove what only looks like a space. */
export function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}

/**
 * Reads field lines, each ended by CR LF, from `at` to `end`.
 * @param text the same bytes as `bytes`, as latin1, beginning at offset `base`
 * @returns a complaint, or null when every line is a field
 */
export function readFields(
  bytes: Uint8Array,
  text: string,
  base: number,
  at: number,
  end: number,
  section: FieldSection,
): Complaint | null {
  let i = at
  while (i < end) {
    const nameStart = i
    while (i < end && ((byteClass[bytes[i] ?? 0] ?? 0) & tokenBit) !== 0) i += 1
    if (bytes[i] !== colon || i === nameStart) return nameComplaint(bytes, nameStart, i)
    const nameEnd = i
    i += 1
    while (bytes[i] === space || bytes[i] === tab) i += 1
    const valueStart = i
    while (i < end && ((byteClass[bytes[i] ?? 0] ?? 0) & valueBit) !== 0) i += 1
    if (bytes[i] !== carriageReturn || bytes[i + 1] !== lineFeed || i >= end) return lineComplaint(bytes[i])
    let valueEnd = i
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === space || bytes[valueEnd - 1] === tab))
      valueEnd -= 1
    section.add(text.slice(nameStart - base, nameEnd - base), text.slice(valueStart - base, valueEnd - base))
    i += 2
  }
  return null
}

/**
 * What shows of bad line ends in a head that has not arrived as a whole; its bytes stand from `from` to `to`.
 * @param checked offset up to which an earlier call has looked
 */
export function earlyComplaint(
  bytes: Uint8Array,
  from: number,
  checked: number,
  to: number,
): Complaint | null {
  // Two bytes back: a carriage return, or the whole end of a line, may have been the last that was seen.
  for (let i = Math.max(from, checked - 2); i < to; i += 1) {
    const byte = bytes[i]
    if (byte === lineFeed && (i === from || bytes[i - 1] !== carriageReturn)) return lineComplaint(lineFeed)
    if (byte !== carriageReturn || i + 1 >= to) continue
    if (bytes[i + 1] !== lineFeed) return lineComplaint(carriageReturn)
    if (i + 2 < to && (bytes[i + 2] === space || bytes[i + 2] === tab))
      return nameComplaint(bytes, i + 2, i + 2)
  }
  return null
}

function nameComplaint(bytes: Uint8Array, start: number, at: number): Complaint {
  const byte = bytes[at]
  if (at === start && (byte === space || byte === tab))
    return 'A header line begins with white space: folded lines are not accepted.'
  if (byte === space || byte === tab) return 'White space stands between a header name and its colon.'
  if (byte === carriageReturn || byte === lineFeed) return 'A header line has no colon.'
  return at === start ? 'A header line has no name.' : 'A header name has a character that is not allowed.'
}

function lineComplaint(byte: number | undefined): Complaint {
  if (byte === lineFeed) return 'A line ends with a bare line feed.'
  if (byte === carriageReturn) return 'A carriage return stands alone.'
  return 'A header value has a control character.'
}

/** What `Content-Length` and `Transfer-Encoding` of a message say; `refused` when they say nothing certain. */
export type DeclaredFraming =
  | { readonly kind: 'declared'; readonly framing: Framing | null }
  | {
      readonly kind: 'refused'
      readonly why: 'invalid' | 'unknown-coding' | 'too-large'
      readonly complaint: Complaint
    }

const nothingDeclared: DeclaredFraming = { kind: 'declared', framing: null }
const chunkedDeclared: DeclaredFraming = { kind: 'declared', framing: chunkedBody }

/**
 * Decides the framing (RFC 9112 6.3). Where the standard lets a recipient choose between repairing and refusing,
 * this refuses: two lengths, a length beside a coding, a coding in HTTP/1.0.
 */
export function declaredFraming(section: FieldSection, minor: 0 | 1): DeclaredFraming {
  const { length, transfer } = section
  if (section.repeatsFraming) return refused('invalid', 'The length of the body is given twice.')
  if (transfer !== null) {
    if (length !== null) return refused('invalid', 'The body has a Content-Length and a Transfer-Encoding.')
    if (minor === 0) return refused('invalid', 'HTTP/1.0 has no Transfer-Encoding.')
    return transferFraming(transfer)
  }
  if (length === null) return nothingDeclared
  if (!isDigits(length)) return refused('invalid', 'Content-Length is not a number.')
  const bytes = Number(length)
  if (!Number.isSafeInteger(bytes)) return refused('too-large', 'Content-Length is larger than any body.')
  return { kind: 'declared', framing: { kind: 'length', bytes } }
}

/** Only `chunked` alone is understood; another coding in front of it is honest but unknown (RFC 9112 6.1). */
function transferFraming(value: string): DeclaredFraming {
  const coding = value.toLowerCase()
  if (coding === 'chunked') return chunkedDeclared
  const others = /^(?:[a-z0-9-]+[ \t]*,[ \t]*)+chunked$/.exec(coding)
  if (others !== null && coding.indexOf('chunked') === coding.length - 'chunked'.length)
    return refused('unknown-coding', 'Only the transfer coding "chunked" is understood.')
  return refused('invalid', 'Transfer-Encoding does not end in "chunked".')
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return false
  }
  return text.length > 0
}

function refused(why: 'invalid' | 'unknown-coding' | 'too-large', complaint: Complaint): DeclaredFraming {
  return { kind: 'refused', why, complaint }
}
