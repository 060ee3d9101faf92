import assert from 'node:assert/strict'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import type { RoutedWorker } from '../../../internal/config/config.ts'
import { freshDirectory } from '../../support/directory.ts'
import { front } from '../../support/front.ts'
import { field } from '../../support/message.ts'
import type { RawMessage } from '../../support/message.ts'

const files = {
  'public/index.html': '<p>home',
  'public/a.txt': '0123456789',
  'public/sub/index.html': '<p>sub',
  'public/empty/.keep': '',
  'public/.env': 'SECRET=1',
  'public/%2e/x': 'x',
  'secret.txt': 'secret',
}

/** Asks for a path below a static worker at `mount`. */
async function ask(
  t: TestContext,
  path: string,
  { method = 'GET', lines = [], mount = '/files', rootPath = '' }: Partial<Asked> = {},
): Promise<RawMessage> {
  const directory = join(await freshDirectory(t, { files }), 'public')
  const config = worker(directory, mount)
  const { connect } = await front(t, { config: { rootPath }, workers: [{ config, address: null }] })
  const client = await connect()
  client.send(`${method} ${path} HTTP/1.1\r\n${['Host: a', ...lines].join('\r\n')}\r\n\r\n`)
  const answer = await client.answer(method)
  assert.match(field(answer, 'X-Request-ID') ?? '', /^[a-z0-9-]+$/)
  return answer
}

interface Asked {
  readonly method: string
  readonly lines: readonly string[]
  readonly mount: string
  readonly rootPath: string
}

test('a file comes with its type, length and validators', async (t) => {
  const answer = await ask(t, '/files/a.txt')
  assert.deepEqual([answer.status, answer.body, field(answer, 'Content-Length')], [200, '0123456789', '10'])
  assert.match(field(answer, 'Content-Type') ?? '', /^text\/plain/)
  assert.ok(field(answer, 'ETag') !== undefined && field(answer, 'Last-Modified') !== undefined)
  assert.equal(field(answer, 'X-Content-Type-Options'), 'nosniff')
})

test('the mount itself is its index page, and HEAD has no body', async (t) => {
  assert.equal((await ask(t, '/files/')).body, '<p>home')
  assert.equal((await ask(t, '/', { mount: '/' })).body, '<p>home')
  const head = await ask(t, '/files/', { method: 'HEAD' })
  assert.deepEqual([head.status, field(head, 'Content-Length')], [200, '7'])
})

test('a part of a file is a part', async (t) => {
  const answer = await ask(t, '/files/a.txt', { lines: ['Range: bytes=2-4'] })
  assert.deepEqual([answer.status, answer.body, field(answer, 'Content-Range')], [206, '234', 'bytes 2-4/10'])
})

test('a file that has not changed is not sent again', async (t) => {
  const answer = await ask(t, '/files/a.txt', { lines: ['If-None-Match: *'] })
  assert.deepEqual([answer.status, answer.body], [304, ''])
})

test('a directory without its slash is redirected to its public address with the query', async (t) => {
  const answer = await ask(t, '/files/sub?x', { rootPath: '/tools' })
  assert.deepEqual([answer.status, field(answer, 'Location')], [308, '/tools/files/sub/?x'])
})

test('a redirect never leads to another host', async (t) => {
  for (const path of ['//sub', '/files//sub']) {
    const answer = await ask(t, path, { mount: path.startsWith('//') ? '/' : '/files' })
    assert.doesNotMatch(field(answer, 'Location') ?? '/', /^\/\//)
  }
})

for (const path of ['gone', 'a.txt/', 'empty/', '.env', 'empty/.keep', '%25252e/x', 'A.txt']) {
  test(`${path} is not there`, async (t) => {
    const answer = await ask(t, `/files/${path}`)
    assert.deepEqual([answer.status, answer.body.includes('file_not_found')], [404, true])
  })
}

for (const path of ['../secret.txt', '%2e%2e/secret.txt', '..%2fsecret.txt', '..%5csecret.txt', 'a%00.txt']) {
  test(`${path} is no way out`, async (t) => {
    const answer = await ask(t, `/files/${path}`)
    assert.equal(answer.status, 400)
  })
}

test('a path is decoded once and not twice', async (t) => {
  assert.equal((await ask(t, '/files/%252e/x')).body, 'x')
})

test('files can only be read', async (t) => {
  const answer = await ask(t, '/files/a.txt', { method: 'DELETE' })
  assert.equal(answer.status, 405)
  assert.notEqual(field(answer, 'Allow'), undefined)
})

test('a file that becomes shorter while it is sent never ends as complete', async (t) => {
  const directory = await freshDirectory(t, { files: { 'large.bin': '' } })
  const file = join(directory, 'large.bin')
  await truncate(file, 64 * 1024 * 1024)
  const { connect, settled } = await front(t, { workers: [{ config: worker(directory), address: null }] })
  const client = await connect()
  client.send(
    'GET /files/large.bin HTTP/1.1\r\nHost: a\r\n\r\nGET /__fluxlit/livez HTTP/1.1\r\nHost: a\r\n\r\n',
  )
  await client.until('\r\n\r\n')
  client.socket.pause()
  await truncate(file, 1024)
  client.socket.resume()
  assert.doesNotMatch(await client.rest(), /HTTP\/1\.1/)
  assert.notEqual((await settled(1))[0]?.reason, 'ok')
})

/** A static worker. */
function worker(directory: string, mount = '/files'): RoutedWorker {
  return {
    kind: 'static',
    name: 'files',
    where: 'test',
    required: true,
    mount,
    hosts: [],
    stripPrefix: true,
    maxBodyBytes: 0,
    maxInFlight: 0,
    directory,
  }
}
