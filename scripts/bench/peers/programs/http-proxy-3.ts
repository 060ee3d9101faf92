/** A reverse proxy of http-proxy-3. Arguments: a ProgramOrder in JSON, and the directory it is installed in. */

import { Agent, createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

import type { ProgramOrder } from '../node-proxies.ts'

/** The part of the library that is used; it is not among the packages the types are checked with. */
interface HttpProxy3 {
  createProxyServer(options: object): {
    web(request: IncomingMessage, response: ServerResponse): void
    ws(request: IncomingMessage, socket: Duplex, head: Buffer): void
    on(event: 'error', listener: (error: Error, request: unknown, to: ServerResponse | Duplex) => void): void
  }
}

const order: ProgramOrder = JSON.parse(process.argv[2] ?? '')
const { upstream } = order
const load = createRequire(join(process.argv[3] ?? '', 'program.js'))
const library: HttpProxy3 = load('http-proxy-3')
const proxy = library.createProxyServer({
  target:
    upstream.kind === 'unix'
      ? { protocol: 'http:', host: 'localhost', socketPath: upstream.path }
      : { protocol: 'http:', host: upstream.host, port: upstream.port },
  agent: new Agent({ keepAlive: true, maxSockets: 1024 }),
  xfwd: true,
  ws: true,
})
proxy.on('error', (_error, _request, to) => void to.destroy())

const server = createServer((request, response) => proxy.web(request, response))
server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
  proxy.ws(request, socket, head),
)
server.listen(order.port, '127.0.0.1', 4096)
