/** Where our engine takes what llhttp refuses, each with the reason why that is right. */

import type { Message, Reading } from './reading.ts'

/** What is known about one message. */
export interface Place {
  /** All bytes of the connection. */
  readonly bytes: string
  /** Of the request, when the message is its answer; empty for requests. */
  readonly method: string
  readonly theirs: Reading
  readonly mine: Message
  /** The message before it, as llhttp saw it. */
  readonly before: Message | undefined
}

/** One way in which we are laxer. */
export interface Exception {
  readonly reason: string
  readonly applies: (place: Place) => boolean
}

/** All of them. */
export const exceptions: readonly Exception[] = [
  {
    reason:
      'the authority of an absolute target is read behind the engine: it must equal Host, whose form is checked ' +
      '(exchange/head, route/target); CONNECT is refused there',
    applies: ({ theirs, mine }) =>
      theirs.reason.startsWith('HPE_INVALID_URL') &&
      (mine.method === 'CONNECT' || /^[a-z]+:\/\//i.test(mine.target)),
  },
  {
    reason:
      'tabs around a value are optional whitespace like spaces (RFC 9110 5.6.3); the worker gets framing of our own',
    applies: ({ bytes }) => /transfer-encoding:[ \t]*chunked[ \t]*\t[ \t]*\r\n/i.test(bytes),
  },
  {
    reason: 'Proxy-Connection never was a standard and is to be ignored (RFC 9112 C.2.2)',
    applies: ({ mine }) => valuesOf(mine, 'proxy-connection').some((value) => /close/i.test(value)),
  },
  {
    reason: 'an answer to HEAD has no body (RFC 9110 9.3.2); llhttp judges before it is told of HEAD',
    applies: ({ method, mine }) =>
      method === 'HEAD' &&
      !valuesOf(mine, 'connection').some((value) => /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)),
  },
  {
    reason: 'the final answer comes whatever an interim one says of the connection (RFC 9110 15.2)',
    applies: ({ bytes, method, theirs }) =>
      method !== '' &&
      theirs.reason.startsWith('HPE_CLOSED_CONNECTION') &&
      /^HTTP\/1\.[01] 1\d\d/.test(bytes),
  },
  {
    reason: 'Connection in a trailer says nothing: trailers are dropped (RFC 9110 6.5.1)',
    applies: ({ bytes, theirs, before }) =>
      theirs.reason.startsWith('HPE_CLOSED_CONNECTION') &&
      before?.keeps === true &&
      valuesOf(before, 'transfer-encoding').length > 0 &&
      /connection:/i.test(bytes),
  },
]

function valuesOf({ fields }: Message, name: string): readonly string[] {
  return fields.filter((_, index) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === name)
}
