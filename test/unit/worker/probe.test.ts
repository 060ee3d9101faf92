import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { Address } from '../../../internal/config/config.ts'
import { pickAddress } from '../../../internal/worker/address.ts'
import type { ProbeResult, ProbeTarget } from '../../../internal/worker/probe.ts'
import { probe } from '../../../internal/worker/probe.ts'

async function serve(t: TestContext, listener: RequestListener, socketPath?: string): Promise<Address> {
  const server = createServer(listener)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  if (socketPath === undefined) server.listen(0, '127.0.0.1')
  else server.listen(socketPath)
  await once(server, 'listening')
  const at = server.address()
  if (typeof at === 'string') return { kind: 'unix', path: at }
  return { kind: 'tcp', host: '127.0.0.1', port: at?.port ?? 0 }
}

async function ask(
  t: TestContext,
  kind: ProbeTarget['kind'],
  listener: RequestListener,
  timeoutMs = 60_000,
): Promise<ProbeResult> {
  return probe({ kind, address: await serve(t, listener), path: '/health', timeoutMs })
}

const plain = { 'content-type': 'text/plain; charset=utf-8' }
const stuck: RequestListener = (_, response) => void response.writeHead(200, plain).write('o')

describe('an HTTP worker', () => {
  it('17: is ready with any status below 500', async (t) => {
    assert.deepEqual(await ask(t, 'http', (_, response) => void response.writeHead(404).end()), { ok: true })
    assert.deepEqual(await ask(t, 'http', (_, response) => void response.writeHead(503).end()), {
      ok: false,
      reason: 'status 503',
    })
  })

  it('is ready when it answered the head, however long its body is', async (t) => {
    assert.deepEqual(await ask(t, 'http', (_, response) => void response.writeHead(200).write('x')), {
      ok: true,
    })
  })

  it('is asked for the path over a Unix socket', async (t) => {
    const base = await mkdtemp(join(tmpdir(), 'fl-'))
    t.after(() => rm(base, { recursive: true, force: true }))
    const paths: (string | undefined)[] = []
    const listener: RequestListener = (request, response) => {
      paths.push(request.url)
      response.end()
    }
    const address = await serve(t, listener, join(base, 's'))
    assert.deepEqual(await probe({ kind: 'http', address, path: '/a?b', timeoutMs: 60_000 }), { ok: true })
    assert.deepEqual(paths, ['/a?b'])
  })

  it('is not ready when nobody listens, or when it does not answer', async (t) => {
    const address = { kind: 'tcp', ...(await pickAddress()) } as const
    const closed = await probe({ kind: 'http', address, path: '/', timeoutMs: 60_000 })
    assert.match(closed.ok ? '' : closed.reason, /ECONNREFUSED/)
    const silent = await ask(t, 'http', () => {}, 20)
    assert.deepEqual(silent, { ok: false, reason: 'no answer within 20 ms', isSilent: true })
  })
})

describe('a Streamlit worker', () => {
  it('17: is ready with the very answer of its health check', async (t) => {
    const result = await ask(t, 'streamlit', (_, response) => void response.writeHead(200, plain).end('ok'))
    assert.deepEqual(result, { ok: true })
    // Before 1.57.
    const html = { 'content-type': 'text/html; charset=UTF-8' }
    const old = await ask(t, 'streamlit', (_, response) => void response.writeHead(200, html).end('ok'))
    assert.deepEqual(old, { ok: true })
  })

  it('17, 18: is not ready with its page, another body or another status', async (t) => {
    const html = { 'content-type': 'text/html' }
    const answers: RequestListener[] = [
      (_, response) => void response.writeHead(200, html).end('<!doctype html><title>Streamlit</title>'),
      (_, response) => void response.writeHead(200, plain).end('ok\n'),
      (_, response) => void response.writeHead(200, plain).end('x'.repeat(1000)),
      (_, response) => void response.writeHead(503, plain).end('ok'),
    ]
    for (const listener of answers) assert.equal((await ask(t, 'streamlit', listener)).ok, false)
  })

  it('is not ready when its answer never ends', async (t) => {
    assert.deepEqual(await ask(t, 'streamlit', stuck, 20), {
      ok: false,
      reason: 'no answer within 20 ms',
      isSilent: true,
    })
  })
})
