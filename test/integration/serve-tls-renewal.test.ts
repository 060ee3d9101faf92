import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { apiOnly } from '../support/apps.ts'
import type { PairFiles } from '../support/certificates.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { askSecurely, freshPair, secureClient, tlsTable } from '../support/tls.ts'
import { pidOf, verb } from '../support/verb.ts'

interface Served {
  readonly running: Gateway
  readonly files: PairFiles
}

async function served(t: Cleanup): Promise<Served> {
  const files = await freshPair(t, 'before.example')
  const running = await gateway(t, { ...apiOnly, toml: apiOnly.toml + tlsTable(files) })
  return { running: await running.ready(), files }
}

/** Puts other files in the place of a pair, each in one step. */
async function replace(files: PairFiles, by: PairFiles): Promise<void> {
  for (const [to, from] of [
    [files.cert, by.cert],
    [files.key, by.key],
  ] as const) {
    await copyFile(from, `${to}.new`)
    await rename(`${to}.new`, to)
  }
}

/** Name in the certificate that a new connection is shown. */
async function shown(t: Cleanup, { url }: Gateway): Promise<string> {
  const socket = await secureClient(t, url)
  return socket.getPeerX509Certificate()?.subjectAltName ?? ''
}

async function said(running: Gateway, message: RegExp): Promise<Readonly<Record<string, unknown>>> {
  return running.record(String(message), ({ msg }) => message.test(String(msg)))
}

async function echo(socket: WebSocket, text: string): Promise<string> {
  socket.send(text)
  const [answer]: unknown[] = await once(socket, 'message')
  return String(answer)
}

test('a renewed certificate is shown to new connections; a socket and the worker go on', async (t) => {
  const { running, files } = await served(t)
  const open = new WebSocket(`${running.socketUrl}/api/echo`, [], { rejectUnauthorized: false })
  t.after(() => open.terminate())
  await once(open, 'message')
  const pid = await pidOf(running, 'api')
  assert.equal(await shown(t, running), 'DNS:before.example')

  await replace(files, await freshPair(t, 'after.example'))
  const record = await said(running, /^certificate replaced/)
  assert.equal(record['names'], 'DNS:after.example')
  assert.equal(await shown(t, running), 'DNS:after.example')
  assert.equal(await echo(open, 'still here'), 'still here')
  assert.equal(await pidOf(running, 'api'), pid)
})

test('a pair that does not work is not used: the one before stays, and the log says why', async (t) => {
  const { running, files } = await served(t)
  const other = await freshPair(t, 'other.example')
  await copyFile(other.cert, `${files.cert}.new`)
  await rename(`${files.cert}.new`, files.cert)
  const { level, code, file, names } = await said(running, /^the new certificate is not used/)
  assert.deepEqual([level, code, names], ['error', 'tls_mismatch', 'DNS:before.example'])
  assert.ok(file === files.cert || file === files.key)
  assert.equal(await shown(t, running), 'DNS:before.example')
  assert.equal((await askSecurely(`${running.url}/api/`)).status, 200)

  const refused = await verb(running, 'reload')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^error\[tls_mismatch\]: fluxlit\.toml:\d+: /m)
  assert.doesNotMatch(running.output + refused.stderr, /BEGIN|PRIVATE/)

  await copyFile(other.key, files.key)
  await said(running, /^certificate replaced/)
  assert.equal(await shown(t, running), 'DNS:other.example')
})

test('SIGHUP has the files looked at before the reload it asks for is over', async (t) => {
  const { running, files } = await served(t)
  await replace(files, await freshPair(t, 'after.example'))
  running.signal('SIGHUP')
  const reloaded = await said(running, /^configuration reloaded/)
  const replaced = running.records.findIndex(({ msg }) => String(msg).startsWith('certificate replaced'))
  assert.ok(replaced !== -1 && replaced < running.records.indexOf(reloaded), running.output)
  assert.equal(await shown(t, running), 'DNS:after.example')
})

test('what of `[tls]` only a new start can change is refused by name', async (t) => {
  const { running, files } = await served(t)
  const other = await freshPair(t, 'other.example')
  const refused = async (toml: string): Promise<readonly string[]> => {
    await writeFile(join(running.directory, 'fluxlit.toml'), apiOnly.toml + toml)
    const { code, stderr } = await verb(running, 'reload')
    assert.equal(code, 1, stderr)
    return [...stderr.matchAll(/^error\[reload_needs_restart\]: .*`(.+?)`/gm)].map(([, key = '']) => key)
  }
  assert.deepEqual(await refused(tlsTable(files, 'min_version = "1.3"')), ['tls.min_version'])
  assert.deepEqual(await refused(tlsTable(files, 'redirect_from = "127.0.0.1:0"')), ['tls.redirect_from'])
  assert.deepEqual(await refused(tlsTable(other)), ['tls.cert_file', 'tls.key_file'])
  assert.deepEqual(await refused(''), ['tls.cert_file', 'tls.key_file', 'tls.min_version'])
  assert.equal(await shown(t, running), 'DNS:before.example')
})
