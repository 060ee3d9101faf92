import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { apiOnly } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { ask, json, read, responseTo, shakeHands } from '../support/http.ts'
import { rawClient } from '../support/raw.ts'
import { askSecurely, freshPair, openSecurely, tlsTable } from '../support/tls.ts'

interface Served {
  readonly running: Gateway
  /** The plain listener, `http://127.0.0.1:PORT`. */
  readonly plain: string
  /** Port of the other one. */
  readonly port: string
}

async function served(t: Cleanup, general = ''): Promise<Served> {
  const toml = `${general}${apiOnly.toml}${tlsTable(await freshPair(t), 'redirect_from = "127.0.0.1:0"')}`
  const running = await (await gateway(t, { ...apiOnly, toml })).ready()
  const { url } = await running.record('redirecting', ({ msg }) => msg === 'redirecting')
  return { running, plain: new URL(String(url)).origin, port: new URL(running.url).port }
}

test('the plain port sends everybody to https, and serves nothing but health', async (t) => {
  const { running, plain, port } = await served(t)
  const locationOf = async (target: string, host = 'app.example'): Promise<string> => {
    const { status, headers, body } = await ask(plain, { target, headers: { host } })
    assert.deepEqual([status, body], [308, ''])
    return headers.location ?? ''
  }

  await t.test('with path and query as they were sent', async () => {
    for (const target of ['/', '/api/seen/a%20b?c=%2f&d=', '/nothing/here/', '/?next=http://evil.example'])
      assert.equal(await locationOf(target), `https://app.example:${port}${target}`)
  })

  await t.test('whatever port or case the host came with', async () => {
    const here = new URL(plain).host
    assert.equal(await locationOf('/', 'App.Example:80'), `https://app.example:${port}/`)
    assert.equal(await locationOf('/', here), `https://127.0.0.1:${port}/`)
    assert.equal(await locationOf('/', '[::1]:80'), `https://[::1]:${port}/`)
  })

  await t.test('with the method kept, and a body that nobody reads', async () => {
    const body = Buffer.alloc(256 * 1024)
    const answer = await ask(`${plain}/api/count`, { method: 'POST', body })
    assert.deepEqual([answer.status, answer.body], [308, ''])
    const there = await askSecurely(answer.headers.location ?? '', { method: 'POST', body })
    assert.deepEqual([there.status, json(there.body)], [200, { bytes: body.length }])
  })

  await t.test('sockets too', async () => {
    const answer = await shakeHands(`${plain}/api/echo`)
    assert.deepEqual(
      [answer.kind === 'refused' && answer.status, answer.headers.location],
      [308, `https://${new URL(plain).hostname}:${port}/api/echo`],
    )
  })

  await t.test('health is answered, for probes', async () => {
    assert.deepEqual((await ask(`${plain}/__fluxlit/livez`)).body, '{"status":"ok"}\n')
    assert.equal((await ask(`${plain}/__fluxlit/readyz`)).status, 200)
    assert.equal((await ask(`${plain}/__fluxlit/nothing`)).status, 404)
  })

  await t.test('no address is made of what is none', async (s) => {
    const hosts = ['', 'a b', 'a/b', 'evil.example@app.example', 'app.example:99999', 'app.example#', 'a\\b']
    const heads = [
      ...hosts.map((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.0\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: evil.example\r\n\r\n',
      'GET //evil.example/%2e%2e HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /\\evil.example HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n',
    ]
    for (const head of heads) {
      const answer = await (await rawClient(s, Number(new URL(plain).port))).send(head).answer()
      assert.equal(answer.status, 400, head)
      assert.ok(!answer.fields.some(([name]) => name.toLowerCase() === 'location'), head)
    }
  })

  await t.test('it closes when the other one does, while requests finish there', async () => {
    const busy = openSecurely(`${running.url}/api/until/go`)
    busy.end()
    const response = await responseTo(busy)
    const stopped = running.stop()
    await eventually('the port is closed', () =>
      ask(plain).then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
      ),
    )
    await writeFile(join(running.directory, 'go'), '')
    assert.equal((await read(response)).body, 'started\nfinished\n')
    assert.equal((await stopped).code, 0)
  })
})

test('the public address counts, and only hosts that are served are sent there', async (t) => {
  const { plain } = await served(
    t,
    'public_base_url = "https://app.example/tools"\nroot_path = "/tools"\nallowed_hosts = ["app.example"]\n',
  )
  const { status, headers } = await ask(`${plain}/tools/api/?a=b`, { headers: { host: 'app.example:8080' } })
  assert.deepEqual([status, headers.location], [308, 'https://app.example/tools/api/?a=b'])
  assert.equal((await ask(`${plain}/`, { headers: { host: 'evil.example' } })).status, 421)
})
