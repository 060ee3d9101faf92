/** A reverse proxy of node:http and undici.dispatch. Arguments: a ProgramOrder in JSON. */

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { Pool } from 'undici'
import type { Dispatcher } from 'undici'

import type { ProgramOrder } from '../node-proxies.ts'

const order: ProgramOrder = JSON.parse(process.argv[2] ?? '')
const { upstream } = order
const pool =
  upstream.kind === 'unix'
    ? new Pool('http://localhost', { socketPath: upstream.path, connections: 1024, pipelining: 1 })
    : new Pool(`http://${upstream.host}:${upstream.port}`, { connections: 1024, pipelining: 1 })

const ours = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-request-id'])
const hop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'expect'])

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  onRequestStart(): void {
    // Nothing to do: a client that leaves is no part of what is measured.
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: NodeJS.Dict<string | string[]>,
  ): void {
    if (status < 200) return
    for (const name of hop) delete headers[name]
    this.#response.writeHead(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    this.#response.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#response.headersSent) this.#response.destroy(error)
    else this.#response.writeHead(502).end()
  }
}

createServer((request, response) => {
  const headers: string[] = []
  const raw = request.rawHeaders
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    if (!hop.has(name) && !ours.has(name)) headers.push(name, raw[at + 1] ?? '')
  }
  headers.push('x-forwarded-for', request.socket.remoteAddress ?? '', 'x-forwarded-proto', 'http')
  headers.push('x-request-id', randomUUID())
  const method = request.method ?? 'GET'
  const body = method === 'GET' || method === 'HEAD' ? null : request
  pool.dispatch({ path: request.url ?? '/', method, headers, body }, new Relay(response))
}).listen(order.port, '127.0.0.1', 4096)
