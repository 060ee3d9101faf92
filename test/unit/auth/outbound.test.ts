import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'

import { Outbound, type OutboundOptions } from '../../../internal/auth/outbound.ts'
import { Secret } from '../../../internal/config/secret.ts'
import type { OutboundConfig } from '../../../internal/config/login-types.ts'
import { makePair } from '../../support/certificates.ts'
import { freshDirectory } from '../../support/directory.ts'
import { upstream } from '../../support/upstream.ts'

const direct: OutboundConfig = { proxy: { kind: 'none' }, noProxy: '', caFile: null, systemCa: false }

function outbound(
  t: TestContext,
  config: Partial<OutboundConfig> = {},
  more: Partial<OutboundOptions> = {},
): Outbound {
  const made = new Outbound({ config: { ...direct, ...config }, env: {}, timeoutMs: 5_000, ...more })
  t.after(() => made.close())
  return made
}

/** A proxy that notes what it is asked for and passes it on to one port of this machine. */
async function forwardProxy(t: TestContext, port: number) {
  const asked: string[] = []
  const proxy = await upstream(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end('from the proxy')
  })
  proxy.server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`)
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  return { url: proxy.url, asked }
}

test('an answer arrives with its status, fields and body, and a redirect is not followed', async (t) => {
  const { url } = await upstream(t, (request, response) => {
    if (request.url === '/away') return response.writeHead(302, { location: 'http://evil.test/' }).end()
    let body = ''
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    return request.on('end', () =>
      response
        .writeHead(201, { 'x-seen': String(request.headers['content-type']) })
        .end(`${request.method} ${body}`),
    )
  })
  const calls = outbound(t)
  const answer = await calls.fetch(`${url}/x`, {
    method: 'POST',
    headers: new Headers({ 'content-type': 'application/x-www-form-urlencoded' }),
    body: new URLSearchParams({ a: '1' }),
  })
  assert.deepEqual(
    [answer.status, answer.headers.get('x-seen'), await answer.text()],
    [201, 'application/x-www-form-urlencoded', 'POST a=1'],
  )
  assert.equal((await calls.fetch(`${url}/away`)).status, 302)
})

test('an answer that does not come, or not to its end, is given up', async (t) => {
  const { url } = await upstream(t, (request, response) => {
    if (request.url === '/half') response.writeHead(200).write('x')
  })
  const calls = outbound(t, {}, { timeoutMs: 50 })
  for (const path of ['/', '/half'])
    await assert.rejects(() => calls.fetch(url + path), { name: 'TimeoutError' })
})

test('an answer without end is given up, and a connection that is refused is a failure of its own', async (t) => {
  const { url } = await upstream(t, (_request, response) => {
    response.writeHead(200)
    response.write(Buffer.alloc(2 * 1024 * 1024))
  })
  await assert.rejects(() => outbound(t).fetch(url), /larger than/)
  await assert.rejects(() => outbound(t).fetch('http://127.0.0.1:1/'), TypeError)
})

test('calls that leave go through the proxy, those to this machine do not', async (t) => {
  const target = await upstream(t, (_request, response) => response.end('direct'))
  const proxy = await forwardProxy(t, target.port)
  const calls = outbound(t, { proxy: { kind: 'url', url: new Secret(proxy.url) }, noProxy: 'near.example' })
  assert.equal(await (await calls.fetch('http://idp.example/x')).text(), 'from the proxy')
  assert.deepEqual(proxy.asked, ['GET http://idp.example/x'])
  assert.equal(await (await calls.fetch(target.url)).text(), 'direct')
  await assert.rejects(() => calls.fetch('http://near.example:1/'))
  assert.equal(proxy.asked.length, 1)
})

test('the proxy of the environment counts when it is asked for, and not otherwise', async (t) => {
  const target = await upstream(t, (_request, response) => response.end('direct'))
  const proxy = await forwardProxy(t, target.port)
  const env = { http_proxy: proxy.url }
  const calls = outbound(t, { proxy: { kind: 'env' } }, { env })
  assert.equal(await (await calls.fetch('http://idp.example/x')).text(), 'from the proxy')
  await assert.rejects(() => outbound(t, {}, { env }).fetch('http://idp.invalid/x'))
})

/** An https server whose certificate nobody has signed. */
async function secure(t: TestContext, name: string) {
  const { cert, key } = await makePair(await freshDirectory(t), name)
  const server = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) =>
    response.end('secure'),
  )
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, caFile: cert }
}

test('a private certificate is trusted when it is named, and not otherwise', async (t) => {
  const { port, caFile } = await secure(t, 'localhost')
  const url = `https://localhost:${port}/`
  await assert.rejects(() => outbound(t).fetch(url), TypeError)
  assert.equal(await (await outbound(t, { caFile }).fetch(url)).text(), 'secure')
  await assert.rejects(() => outbound(t, { caFile }).fetch(`https://127.0.0.1:${port}/`), TypeError)
})

test('through a proxy the certificate of the other end is looked at all the same', async (t) => {
  const { port, caFile } = await secure(t, 'idp.example')
  const proxy = await forwardProxy(t, port)
  const through = { proxy: { kind: 'url' as const, url: new Secret(proxy.url) } }
  await assert.rejects(() => outbound(t, through).fetch('https://idp.example/'), TypeError)
  assert.equal(
    await (await outbound(t, { ...through, caFile }).fetch('https://idp.example/')).text(),
    'secure',
  )
  assert.deepEqual(proxy.asked, ['CONNECT idp.example:443', 'CONNECT idp.example:443'])
})
