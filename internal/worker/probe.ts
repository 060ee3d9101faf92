import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'

import type { Address } from '../config/config.ts'

/** What to ask a worker, and what counts as an answer. */
export interface ProbeTarget {
  /** `streamlit`: 200, body `ok` and nothing else; `http`: any status below 500. */
  readonly kind: 'streamlit' | 'http'
  readonly address: Address
  /** As the worker sees it. */
  readonly path: string
  /** Milliseconds for the whole exchange; 0 = as long as is reasonable. */
  readonly timeoutMs: number
}

/** Whether a worker can answer, and if not, why not, in half a sentence. */
export type ProbeResult =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly reason: string
      /** It took the connection and said nothing: the sign of a process that hangs. */
      readonly isSilent?: true
    }

/** Streamlit answers every unknown path with its page and 200: only this very body means it is up. */
const streamlitBody = 'ok'

/** Even without a limit of its own no question waits longer, in milliseconds. */
const longestWaitMs = 60_000

/** Asks a worker once over a connection of its own. Never throws. */
export async function probe(target: ProbeTarget): Promise<ProbeResult> {
  const { promise, resolve } = Promise.withResolvers<ProbeResult>()
  const timeoutMs = target.timeoutMs > 0 ? target.timeoutMs : longestWaitMs
  const signal = AbortSignal.timeout(timeoutMs)
  const query = request({
    ...destination(target.address),
    path: target.path,
    method: 'GET',
    // A pooled connection would prove that the worker answered once, not that it accepts another client.
    agent: false,
    headers: { host: 'localhost', connection: 'close', 'user-agent': 'fluxlit-probe' },
    signal,
  })
  query.once('error', (error) => {
    resolve(
      signal.aborted
        ? { ok: false, reason: `no answer within ${timeoutMs} ms`, isSilent: true }
        : { ok: false, reason: error.message },
    )
  })
  query.once('response', (response) => {
    if (target.kind === 'streamlit') judgeStreamlit(response, resolve)
    else judgeStatus(response, resolve)
  })
  query.end()
  const result = await promise
  query.destroy()
  return result
}

function destination(address: Address): { socketPath: string } | { host: string; port: number } {
  return address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port }
}

function judgeStatus(response: IncomingMessage, resolve: (result: ProbeResult) => void): void {
  const status = response.statusCode ?? 0
  resolve(status < 500 ? { ok: true } : { ok: false, reason: `status ${status}` })
}

function judgeStreamlit(response: IncomingMessage, resolve: (result: ProbeResult) => void): void {
  const status = response.statusCode ?? 0
  // Not by its type: before 1.57 it says text/html.
  if (status !== 200) {
    resolve({ ok: false, reason: `status ${status}` })
    return
  }
  const type = response.headers['content-type'] ?? 'no type'
  let body = ''
  response.setEncoding('latin1')
  response.on('data', (chunk: string) => {
    body += chunk
    if (body.length > 64) resolve({ ok: false, reason: `status 200 with ${type}, and not with ok` })
  })
  response.once('end', () => {
    resolve(
      body === streamlitBody ? { ok: true } : { ok: false, reason: `the answer ${JSON.stringify(body)}` },
    )
  })
  response.once('error', (error) => resolve({ ok: false, reason: error.message }))
}
