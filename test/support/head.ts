import { readHead } from '../../internal/exchange/head.ts'
import type { Head } from '../../internal/exchange/head.ts'
import { isFailure } from '../../internal/fault/failure.ts'
import type { Failure } from '../../internal/fault/failure.ts'
import { readRequestHead } from '../../internal/http1/request-head.ts'

/** Limits of the default configuration. */
export const headLimits = { headerBytes: 65_536, headerCount: 100, targetBytes: 8_192 }

/** The first line of a request, `GET / HTTP/1.1` unless told otherwise. */
export interface Start {
  readonly method?: string
  readonly url?: string
  readonly httpVersion?: string
}

/** Reads `Name: value` lines as the head of a request, the way its bytes are read. */
export function read(lines: readonly string[], start: Start = {}): Head | Failure {
  const { method = 'GET', url = '/', httpVersion = '1.1' } = start
  const text = [`${method} ${url} HTTP/${httpVersion}`, ...lines].map((line) => `${line}\r\n`).join('')
  const bytes = Buffer.from(text, 'latin1')
  const request = readRequestHead(bytes, 0, bytes.length, headLimits)
  return isFailure(request) ? request : readHead(request)
}

/** The head that passed the door; throws for one that did not. */
export function readOk(lines: readonly string[], start: Start = {}): Head {
  const head = read(['Host: a', ...lines], start)
  if (isFailure(head)) throw new Error(`refused: ${head.code}`)
  return head
}

/** The code a head was refused with; `none` for one that passed. */
export function refusal(lines: readonly string[], start: Start = {}): string {
  const head = read(lines, start)
  return isFailure(head) ? head.code : 'none'
}
