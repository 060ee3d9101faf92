import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'

import { WebSocket } from 'ws'

import { apiOnly, app } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { json, read, responseTo } from '../support/http.ts'
import { startProgram, type Program } from '../support/program.ts'
import { python, repository } from '../support/python.ts'
import { rawClient } from '../support/raw.ts'
import { askSecurely, freshPair, openSecurely, secureClient, tlsName, tlsTable } from '../support/tls.ts'

const mebibyte = 1024 * 1024

/** A request as FastAPI saw it. */
interface Seen {
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
}

async function served(t: Cleanup, more = '', tables = ''): Promise<Gateway> {
  const toml = `${apiOnly.toml}${tables}${tlsTable(await freshPair(t), more)}`
  return (await gateway(t, { ...apiOnly, toml })).ready()
}

/** What came of a handshake: the version and protocol agreed on, or the reason it failed for. */
async function handshake(t: Cleanup, url: string, options: ConnectionOptions): Promise<string> {
  try {
    const socket = await secureClient(t, url, options)
    return `${socket.getProtocol()} ${socket.alpnProtocol}`
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

const only = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): ConnectionOptions => ({
  minVersion: version,
  maxVersion: version,
  // Otherwise our own OpenSSL would not even ask for TLS 1.1.
  ciphers: 'DEFAULT@SECLEVEL=0',
})

test('a browser and FastAPI meet over TLS', async (t) => {
  const { url } = await served(t)
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/)
  const { port } = new URL(url)

  await t.test('TLS 1.2 and 1.3 are spoken with HTTP/1.1 inside, older ones are not', async (s) => {
    const ALPNProtocols = ['h2', 'http/1.1']
    assert.equal(await handshake(s, url, { ...only('TLSv1.2'), ALPNProtocols }), 'TLSv1.2 http/1.1')
    assert.equal(await handshake(s, url, { ...only('TLSv1.3'), ALPNProtocols }), 'TLSv1.3 http/1.1')
    assert.equal(await handshake(s, url, {}), 'TLSv1.3 false')
    assert.equal(await handshake(s, url, only('TLSv1.1')), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
  })

  await t.test('who speaks only HTTP/2 is told so in the handshake', async (s) => {
    assert.match(await handshake(s, url, { ALPNProtocols: ['h2'] }), /ALERT_NO_APPLICATION_PROTOCOL$/)
  })

  await t.test('plain HTTP on the port is an end and no answer', async (s) => {
    const wire = await rawClient(s, Number(port))
    wire.send('GET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal(await wire.ended, 'end')
    assert.doesNotMatch(await wire.rest(), /HTTP/)
  })

  await t.test('the worker knows that its client came over https, whatever that says itself', async () => {
    const answer = await askSecurely(`${url}/api/seen/x`, {
      headers: { host: 'Shop.Example', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Port': '80' },
    })
    const { url: itsUrl, headers } = json<Seen>(answer.body)
    const values = (name: string) => headers.filter(([key]) => key === name).map(([, value]) => value)
    assert.equal(itsUrl, 'https://Shop.Example/api/seen/x')
    assert.deepEqual(values('x-forwarded-proto'), ['https'])
    assert.deepEqual(values('x-forwarded-port'), ['443'])
    assert.deepEqual(values('x-forwarded-host'), ['Shop.Example'])
  })

  await t.test("FastAPI's own redirects lead back to https", async () => {
    const answer = await askSecurely(`${url}/api/progress/`)
    assert.deepEqual(
      [answer.status, answer.headers.location],
      [307, `https://${tlsName}:${port}/api/progress`],
    )
  })

  await t.test('a socket of its own page is opened, one of another page is not', async (s) => {
    const dial = (origin: string): WebSocket =>
      new WebSocket(`wss://127.0.0.1:${port}/api/echo`, [], { origin, rejectUnauthorized: false })
    const open = dial(url)
    s.after(() => open.terminate())
    const [greeting] = await once(open, 'message')
    const { headers } = json<{ headers: Readonly<Record<string, string>> }>(String(greeting))
    assert.deepEqual([headers['x-forwarded-proto'], headers['host']], ['https', `127.0.0.1:${port}`])
    const large = randomBytes(3 * mebibyte)
    open.send(large)
    const [echo]: unknown[] = await once(open, 'message')
    assert.ok(Buffer.isBuffer(echo) && echo.equals(large))
    const foreign = dial('https://evil.example')
    const [error]: unknown[] = await once(foreign, 'error')
    assert.match(String(error), /403/)
  })

  await t.test('two hundred handshakes at once are all answered, and so is livez meanwhile', async (s) => {
    const kept = new Agent({ keepAlive: true, maxSockets: 1 })
    s.after(() => kept.destroy())
    const meanwhile = { over: false, alive: 0 }
    const probing = (async () => {
      while (!meanwhile.over) {
        assert.equal((await askSecurely(`${url}/__fluxlit/livez`, { agent: kept })).status, 200)
        meanwhile.alive += 1
      }
    })()
    const answers = await Promise.all(Array.from({ length: 200 }, () => askSecurely(`${url}/api/`))).finally(
      () => (meanwhile.over = true),
    )
    await probing
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.ok(meanwhile.alive > 0)
  })
})

test('min_version = "1.3" refuses a client that speaks 1.2', async (t) => {
  const { url } = await served(t, 'min_version = "1.3"')
  assert.equal(await handshake(t, url, only('TLSv1.2')), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
  assert.equal(await handshake(t, url, {}), 'TLSv1.3 false')
})

test('a handshake that does not end in time is ended', async (t) => {
  const { url } = await served(t, '', '\n[timeouts]\nheaders = "100ms"\n')
  const wire = await rawClient(t, Number(new URL(url).port))
  await wire.ended
  assert.equal(wire.pending, '')
})

test('large bodies over TLS are the same bytes at the other end, and wait for a slow one', async (t) => {
  const toml = `[workers.api]\napp = "bytes:app"\n${tlsTable(await freshPair(t))}`
  const running = await (await gateway(t, { toml, files: { 'bytes.py': app('bytes.py') } })).ready()
  const { url } = running

  await t.test('a download', async () => {
    const download = openSecurely(`${url}/api/bytes?mebibytes=100`)
    download.end()
    const response = await responseTo(download)
    await once(response, 'readable')
    // Nothing is read: the worker has to come to rest long before the end.
    const taken = await atRest(running)
    assert.ok(taken < 60, `${taken} MiB were taken from the worker with nobody reading`)
    const found = createHash('sha256')
    for await (const chunk of response) found.update(Buffer.from(chunk))
    const { digest } = json<{ digest: string }>((await askSecurely(`${url}/api/sent`)).body)
    assert.equal(found.digest('hex'), digest)
  })

  await t.test('an upload', async () => {
    const size = 100
    const upload = openSecurely(`${url}/api/digest`, {
      method: 'POST',
      headers: { 'content-length': size * mebibyte },
    })
    const answer = responseTo(upload)
    const made = createHash('sha256')
    let sent = 0
    const pouring = (async () => {
      for (; sent < size; sent++) {
        const piece = randomBytes(mebibyte)
        made.update(piece)
        if (!upload.write(piece)) await once(upload, 'drain')
      }
      upload.end()
    })()
    await eventually('the worker is asked', () => existsSync(join(running.directory, 'asked')))
    const stuck = await settled('the sender has to wait', async () => {
      await askSecurely(`${url}/__fluxlit/livez`)
      return sent
    })
    assert.ok(stuck < 60, `${stuck} MiB were taken with the worker not reading`)
    await writeFile(join(running.directory, 'read'), '')
    await pouring
    const { body } = await read(await answer)
    assert.deepEqual(json(body), { bytes: size * mebibyte, digest: made.digest('hex') })
  })
})

describe('the end of a connection', () => {
  test('is said by close_notify when the gateway stops, idle or after the answer on its way', async (t) => {
    const running = await served(t)
    const idle = await asking(t, running, '/api/')
    const busy = await asking(t, running, '/api/until/go')
    const greeting = await rawClient(t, Number(new URL(running.url).port))
    const stopped = running.stop()
    assert.equal(await idle.line(), 'close_notify')
    // Somebody in the middle of a handshake has asked for nothing yet.
    await greeting.ended
    await writeFile(join(running.directory, 'go'), '')
    assert.equal(await busy.line(), 'close_notify')
    assert.equal((await stopped).code, 0)
  })

  for (const version of ['1.0', '1.1'])
    test(`is not said when a worker cuts its answer to HTTP/${version} off`, async (t) => {
      const running = await served(t)
      assert.equal(await (await asking(t, running, '/api/cut', version)).line(), 'cut')
      assert.equal((await askSecurely(`${running.url}/api/`)).status, 200)
    })
})

/** A client that has got the begin of its answer; its next line is how the connection ended. */
async function asking(t: Cleanup, { url }: Gateway, path: string, version = '1.1'): Promise<Program> {
  const script = join(repository, 'test/fixtures/tls/ending.py')
  const client = startProgram(t, [python(), script, new URL(url).port, path, version])
  assert.equal(await client.line(), 'answered')
  return client
}

function atRest({ url }: Gateway): Promise<number> {
  return settled('the worker comes to rest', async () => {
    const { body } = await askSecurely(`${url}/api/sent`)
    return json<{ mebibytes: number }>(body).mebibytes
  })
}

/** The number that two looks at it agree on; looking takes at least a round trip through the gateway. */
function settled(what: string, look: () => Promise<number>): Promise<number> {
  let last = -1
  return eventually(what, async () => {
    const now = await look()
    const same = now === last
    last = now
    return same ? now : undefined
  })
}
