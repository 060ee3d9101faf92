/** Answers requests of `static` workers from a directory. */

import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import send from 'send'
import { answered, type Exchange } from '../exchange/exchange.ts'
import { failure, type Failure, type FailureCode } from '../fault/failure.ts'
import type { RequestHead } from '../http1/head.ts'
import { dateLine } from '../http1/status-line.ts'
import type { Transaction } from '../http1/transaction.ts'
import { FileResponse } from './file-response.ts'

/** One file request. `path` is the raw path below the mount, decoded once by the file sender as everywhere. */
export interface FileRequest {
  readonly directory: string
  readonly path: string
  /** Public path of the mount, for redirects of directories: `/files`. */
  readonly publicPrefix: string
  readonly query: string
  readonly exchange: Exchange
  readonly request: RequestHead
  readonly transaction: Transaction
  readonly socket: Socket
  /** Adds what every answer of the route says to a flat name, value list. */
  readonly complete: (fields: readonly string[]) => readonly string[]
  readonly onFailure: (failure: Failure) => void
}

/** Fields of a request that decide about a file; a second line of one is no condition that can be met. */
const conditions = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
  'cache-control',
])

/** Sends a file with validators and ranges; directories answer with their `index.html`, dot files are hidden. */
export function sendFile(file: FileRequest): void {
  const { exchange, request, transaction, onFailure } = file
  if (request.method !== 'GET' && request.method !== 'HEAD') return onFailure(failure('method_not_allowed'))
  const response = new FileResponse(transaction, file.socket, file.complete)
  response.setHeader('X-Request-ID', exchange.id)
  // The sender looks at the method and at these fields, and at nothing else of a request.
  const asked = Object.assign(Readable.from([]), { method: request.method, headers: conditionsOf(request) })
  const stream = send(asked, file.path, { root: file.directory, dotfiles: 'ignore', index: ['index.html'] })
  stream.on('headers', () => answered(exchange, response.statusCode))
  stream.on('directory', () => redirect(file))
  stream.on('error', (error: NodeJS.ErrnoException & { status?: number }) => {
    if (response.headersSent) return transaction.breakOff()
    const code = failureCodes[error.status ?? 500]
    onFailure(code === undefined ? { ...failure('internal'), cause: error } : failure(code))
  })
  stream.pipe(response)
}

const failureCodes: Readonly<Record<number, FailureCode>> = {
  400: 'file_not_found',
  403: 'file_not_found',
  404: 'file_not_found',
  412: 'precondition_failed',
  416: 'range_not_satisfiable',
}

function conditionsOf({ fields }: RequestHead): Record<string, string> {
  const found: Record<string, string> = {}
  for (let i = 0; i < fields.length; i += 2) {
    const name = (fields[i] ?? '').toLowerCase()
    if (conditions.has(name))
      found[name] = name in found ? `${found[name]}, ${fields[i + 1]}` : (fields[i + 1] ?? '')
  }
  return found
}

/** A directory without its trailing slash: relative links inside it would point to the wrong place. */
function redirect({ publicPrefix, path, query, exchange, transaction }: FileRequest): void {
  answered(exchange, 308)
  // `//name` in front would be another host.
  const location = `${publicPrefix}${path}/${query}`.replace(/^\/+/, '/')
  transaction.answer(
    308,
    `${dateLine()}${exchange.ownLines}Location: ${location}\r\nX-Request-ID: ${exchange.id}\r\n`,
    '',
  )
}
