import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'

import { describePortOwner, findPortOwner, nextFreePort } from '../../../internal/host/port-owner.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { startProgram } from '../../support/program.ts'
import { python } from '../../support/python.ts'

const onLinux = { skip: existsSync('/proc/net/tcp') ? false : 'the system does not say who listens' }

test('the program that listens on a port is named with its process id', onLinux, async (t) => {
  const { pid, port } = await otherServer(t, '127.0.0.1')
  const command = `${python()} -u -m http.server 0 --bind 127.0.0.1`
  for (const host of ['127.0.0.1', '0.0.0.0', '::', '::ffff:127.0.0.1', 'localhost']) {
    assert.deepEqual(findPortOwner(host, port), { pid, command }, host)
  }
  for (const host of ['127.0.0.2', '::1']) assert.equal(findPortOwner(host, port), null, host)
})

test('a program that listens on every address holds each of them', onLinux, async (t) => {
  const { pid, port } = await otherServer(t, '0.0.0.0')
  assert.equal(findPortOwner('127.0.0.1', port)?.pid, pid)
  assert.equal(findPortOwner('::1', port), null)
})

test('nobody is named for a port that nobody holds', async () => {
  const port = await nextFreePort('127.0.0.1', 20_000)
  assert.equal(findPortOwner('127.0.0.1', port ?? 0), null)
})

test('the description is short enough for one line of an error', () => {
  assert.equal(
    describePortOwner({ pid: 4711, command: 'python -m http.server' }),
    'pid 4711 (python -m http.server)',
  )
  assert.equal(describePortOwner({ pid: 4711, command: '' }), 'pid 4711')
  assert.equal(describePortOwner({ pid: 1, command: 'x'.repeat(500) }), `pid 1 (${'x'.repeat(80)}...)`)
})

test('the next free port is above the wanted one and can be bound', async (t) => {
  const taken = await listen(t, 0)
  const next = await nextFreePort('127.0.0.1', taken - 1)
  assert.ok(next !== null && next > taken)
  assert.equal(await listen(t, next), next)
})

test('there is no port above the last one', async () => {
  assert.equal(await nextFreePort('127.0.0.1', 65_535), null)
})

async function otherServer(t: Cleanup, host: string) {
  const server = startProgram(t, [python(), '-u', '-m', 'http.server', '0', '--bind', host])
  const [, port = ''] = / port (\d+) /.exec(await server.line()) ?? []
  return { pid: server.pid, port: Number(port) }
}

function listen(t: Cleanup, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer()
  t.after(() => void server.close())
  server.once('error', reject)
  server.listen({ host: '127.0.0.1', port }, () => {
    const address = server.address()
    resolve(typeof address === 'object' && address !== null ? address.port : 0)
  })
  return promise
}
