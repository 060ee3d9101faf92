/** Heads of answers (RFC 9112 4), read as strictly as requests: a worker may be broken, or not a web server. */

import { declaredFraming, FieldSection, readFields, type Complaint } from './fields.ts'
import { noBody, untilClose, type AnswerHead, type Framing } from './head.ts'

/** Why an answer is not one. */
export interface InvalidAnswer {
  readonly invalid: Complaint
}

/** Longest head that is remembered, in characters. */
const rememberedLength = 4 * 1024

/** The last head a worker has sent: within a second its answers often begin with the same bytes. */
export class AnswerMemory {
  #text = ''
  #toHead = false
  #answer: AnswerHead | null = null

  /** What was read from the same text in answer to the same kind of request, or null. */
  recall(text: string, toHead: boolean): AnswerHead | null {
    return toHead === this.#toHead && text === this.#text ? this.#answer : null
  }

  /** Keeps what was read from a text, when it is short. */
  keep(text: string, toHead: boolean, answer: AnswerHead): void {
    if (text.length > rememberedLength) return
    this.#text = text
    this.#toHead = toHead
    this.#answer = answer
  }
}

/**
 * Reads a complete head of an answer.
 * @param end offset behind the CR LF of the last line, where the empty line begins
 * @param method of the request it answers: the answer to HEAD has no body
 * @param memory of what was read with the same `headerCount`
 */
export function readAnswerHead(
  bytes: Buffer,
  from: number,
  end: number,
  method: string,
  headerCount: number,
  memory: AnswerMemory | null = null,
): AnswerHead | InvalidAnswer {
  const text = bytes.toString('latin1', from, end)
  const toHead = method === 'HEAD'
  const known = memory?.recall(text, toHead) ?? null
  if (known !== null) return known
  const answer = readNewAnswer(bytes, text, from, end, method, headerCount)
  if (!('invalid' in answer)) memory?.keep(text, toHead, answer)
  return answer
}

function readNewAnswer(
  bytes: Buffer,
  text: string,
  from: number,
  end: number,
  method: string,
  headerCount: number,
): AnswerHead | InvalidAnswer {
  const lineEnd = text.indexOf('\r\n')
  const status = statusOf(text, lineEnd)
  if (status === null) return { invalid: 'The answer does not begin with a status line.' }
  const minor = text.charCodeAt(7) === 0x31 ? 1 : 0
  const section = new FieldSection()
  const complaint = readFields(bytes, text, from, from + lineEnd + 2, end, section)
  if (complaint !== null) return { invalid: complaint }
  if (section.fields.length / 2 > headerCount) return { invalid: 'The answer has too many header lines.' }
  const framing = answerFraming(section, minor, status, method)
  if ('invalid' in framing) return framing
  const mayOverrun = framing.kind === 'none' && announcesBody(section)
  // RFC 9110 8.6: there is none, and whoever takes the sender at its word reads the answer that counts as that body.
  if (mayOverrun && status < 200) return { invalid: 'An interim answer speaks of a body.' }
  return { status, minor, fields: section.fields, framing, connection: section.connection, mayOverrun }
}

/** Of `HTTP/1.x NNN`; what follows is prose and not looked at, except that it is prose. */
function statusOf(text: string, lineEnd: number): number | null {
  if (lineEnd < 12 || !text.startsWith('HTTP/1.') || text.charCodeAt(8) !== 0x20) return null
  const minor = text.charCodeAt(7)
  if (minor !== 0x30 && minor !== 0x31) return null
  let status = 0
  for (let i = 9; i < 12; i += 1) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return null
    status = status * 10 + digit
  }
  if (lineEnd > 12 && text.charCodeAt(12) !== 0x20) return null
  for (let i = 12; i < lineEnd; i += 1) {
    const code = text.charCodeAt(i)
    if (code === 0 || code === 0x0a || code === 0x0d) return null
  }
  return status >= 100 ? status : null
}

/** RFC 9112 6.3, in its order. */
function answerFraming(
  section: FieldSection,
  minor: 0 | 1,
  status: number,
  method: string,
): Framing | InvalidAnswer {
  const declared = declaredFraming(section, minor)
  if (declared.kind === 'refused') return { invalid: declared.complaint }
  if (!isBodyless(status, method)) return declared.framing ?? untilClose
  return noBody
}

function isBodyless(status: number, method: string): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304
}

/** Whether a head speaks of a body although there is none: a sender that is mistaken about that sends it after all. */
function announcesBody({ length, transfer }: FieldSection): boolean {
  return transfer !== null || (length !== null && !/^0+$/.test(length))
}
