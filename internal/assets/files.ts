/** Answers requests of `static` workers from a directory. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import send from 'send'
import { answered, type Exchange } from '../exchange/exchange.ts'
import { failure, type Failure, type FailureCode } from '../fault/failure.ts'

/** One file request. `path` is the raw path below the mount, decoded once by the file sender as everywhere. */
export interface FileRequest {
  readonly directory: string
  readonly path: string
  /** Public path of the mount, for redirects of directories: `/files`. */
  readonly publicPrefix: string
  readonly query: string
  readonly exchange: Exchange
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly onFailure: (failure: Failure) => void
}

/** Sends a file with validators and ranges; directories answer with their `index.html`, dot files are hidden. */
export function sendFile(file: FileRequest): void {
  const { exchange, request, response, onFailure } = file
  if (request.method !== 'GET' && request.method !== 'HEAD') return onFailure(failure('method_not_allowed'))
  response.setHeader('X-Request-ID', exchange.id)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  const stream = send(request, file.path, { root: file.directory, dotfiles: 'ignore', index: ['index.html'] })
  stream.on('headers', () => answered(exchange, response.statusCode))
  stream.on('directory', () => redirect(file))
  stream.on('error', (error: NodeJS.ErrnoException & { status?: number }) => {
    if (response.headersSent) return void response.destroy()
    // What was already said about the file is not about this answer.
    for (const name of response.getHeaderNames()) response.removeHeader(name)
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

/** A directory without its trailing slash: relative links inside it would point to the wrong place. */
function redirect({ publicPrefix, path, query, exchange, response }: FileRequest): void {
  answered(exchange, 308)
  response.writeHead(308, {
    // `//name` in front would be another host.
    Location: `${publicPrefix}${path}/${query}`.replace(/^\/+/, '/'),
    'Content-Length': 0,
    'X-Request-ID': exchange.id,
  })
  response.end()
}
