/** What the admin listener answers at one path. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRequestId } from './request-id.ts'
import { answerHealth, type HealthView } from '../health/health.ts'

/** One path. */
export interface Endpoint {
  /** Answered without any check: it says no more than the public address does. */
  readonly isOpen: boolean
  /** A throw or rejection is answered with 500. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
}

/** `/livez`, `/readyz` or `/healthz`: as `/__fluxlit/*` answers them. */
export function healthEndpoint(name: 'livez' | 'readyz' | 'healthz', view: () => HealthView): Endpoint {
  return {
    isOpen: true,
    answer: (_request, response) => {
      const answer = answerHealth(name, view())
      if (answer === null) return answerText(response, 404, 'There is no such check.')
      if (answer.retryAfterS !== null) response.setHeader('retry-after', answer.retryAfterS)
      end(response, answer.status, 'application/json', answer.body)
    },
  }
}

/** A value as JSON, made anew for every request. */
export function jsonEndpoint(make: () => unknown): Endpoint {
  return {
    isOpen: false,
    answer: (_request, response) => end(response, 200, 'application/json', `${JSON.stringify(make())}\n`),
  }
}

/** What became of the request named by `id`. */
export function whyEndpoint(why: (id: string) => unknown): Endpoint {
  return {
    isOpen: false,
    answer: (request, response) => {
      const id = new URLSearchParams(request.url?.split('?')[1] ?? '').get('id') ?? ''
      if (!isRequestId(id)) return answerText(response, 400, 'Ask with ?id= and the id of a request.')
      end(response, 200, 'application/json', `${JSON.stringify(why(id))}\n`)
    },
  }
}

/** Metrics, in the format the request prefers. */
export function metricsEndpoint(
  read: (accept: string | undefined) => Promise<{ readonly contentType: string; readonly body: string }>,
): Endpoint {
  return {
    isOpen: false,
    answer: async (request, response) => {
      const { contentType, body } = await read(request.headers.accept)
      end(response, 200, contentType, body)
    },
  }
}

/** Answers with a text. */
export function answerText(response: ServerResponse, status: number, text: string): void {
  end(response, status, 'text/plain; charset=utf-8', `${text}\n`)
}

/** Answers with a body. */
export function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
