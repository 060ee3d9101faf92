import { request } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

import type { Cleanup } from './cleanup.ts'
import { upstream } from './upstream.ts'
import type { Upstream } from './upstream.ts'

/**
 * A proxy such as sits in front of the gateway at many sites: it serves `prefix` of its own address, removes it
 * from the path, keeps Host and passes the rest on as it came. Everything outside the prefix is 404.
 */
export async function strippingProxy(t: Cleanup, prefix: string, target: string): Promise<Upstream> {
  const inner = new URL(target)
  const outer = await upstream(t, (incoming, response) => {
    const path = strip(prefix, incoming)
    if (path === null) {
      response.writeHead(404).end('outside the prefix')
      return
    }
    const outgoing = request(towards(inner, incoming, path), (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    outgoing.once('error', () => response.destroy())
    incoming.pipe(outgoing)
  })
  outer.server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const path = strip(prefix, incoming)
    if (path === null) socket.destroy()
    else splice(inner, handshake(incoming, path), socket, head)
  })
  return outer
}

function strip(prefix: string, { url = '/' }: IncomingMessage): string | null {
  if (url === prefix || url.startsWith(`${prefix}?`)) return `/${url.slice(prefix.length)}`
  return url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : null
}

function towards(inner: URL, incoming: IncomingMessage, path: string): RequestOptions {
  return {
    host: inner.hostname,
    port: inner.port,
    path,
    method: incoming.method,
    headers: incoming.rawHeaders,
    agent: false,
  }
}

function handshake(incoming: IncomingMessage, path: string): string {
  const fields: string[] = []
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    fields.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`)
  }
  return `GET ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`
}

function splice(inner: URL, head: string, client: Socket, early: Buffer): void {
  const server = connect(Number(inner.port), inner.hostname, () => {
    server.write(head)
    server.write(early)
    server.pipe(client).pipe(server)
  })
  server.once('error', () => client.destroy())
  client.once('error', () => server.destroy())
  client.once('close', () => server.destroy())
}
