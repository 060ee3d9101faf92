import { readHead } from '../../internal/exchange/head.ts'
import type { Head, ReceivedHead } from '../../internal/exchange/head.ts'
import { isFailure } from '../../internal/fault/failure.ts'
import type { Failure } from '../../internal/fault/failure.ts'

/** Limits of the default configuration. */
export const headLimits = { headerCount: 100, targetBytes: 8_192 }

/** Reads `Name: value` lines as a head of `GET /` in HTTP/1.1 with `Host: a`, unless told otherwise. */
export function read(lines: readonly string[], start: Partial<ReceivedHead> = {}): Head | Failure {
  const rawHeaders = lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
  })
  return readHead({ method: 'GET', url: '/', httpVersion: '1.1', rawHeaders, ...start }, headLimits)
}

/** The head that passed the door; throws for one that did not. */
export function readOk(lines: readonly string[], start: Partial<ReceivedHead> = {}): Head {
  const head = read(['Host: a', ...lines], start)
  if (isFailure(head)) throw new Error(`refused: ${head.code}`)
  return head
}

/** The code a head was refused with; `none` for one that passed. */
export function refusal(lines: readonly string[], start: Partial<ReceivedHead> = {}): string {
  const head = read(lines, start)
  return isFailure(head) ? head.code : 'none'
}
