import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'

import { ControlClient } from '../../../internal/admin/client.ts'
import { connectionProblem } from '../../../internal/admin/connection-problem.ts'
import { StartupError } from '../../../internal/fault/startup.ts'
import { fakeGateway } from '../../fixtures/admin/target.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { freshDirectory } from '../../support/directory.ts'

/** Path of a socket on which something else than a gateway listens. */
async function stranger(t: Cleanup, server: Server): Promise<string> {
  const path = join(await freshDirectory(t), 'control.sock')
  t.after(() => void server.close())
  await once(server.listen(path), 'listening')
  return path
}

function http(listener: RequestListener): Server {
  return createHttpServer(listener)
}

async function failure(promise: Promise<unknown>): Promise<StartupError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof StartupError, String(error))
  return error
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return (await failure(promise)).problems[0]?.code
}

test('the status arrives as the gateway made it', async (t) => {
  const { socket, target } = await fakeGateway(t)
  assert.deepEqual(await new ControlClient(socket).status(), target.report)
})

test('progress arrives before the outcome, the outcome ends the call', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const lines: string[] = []
  const outcome = new ControlClient(socket).restart(['api'], (line) => {
    lines.push(line)
    if (lines.length === 2) target.operation.resolve({ ok: true, lines: ['ready'] })
  })
  const progress = await target.begun.promise
  progress('one')
  progress('two')
  assert.deepEqual(await outcome, { ok: true, lines: ['ready'] })
  assert.deepEqual(lines, ['one', 'two'])
})

test('an unknown worker is a usage error with the nearest name', async (t) => {
  const { socket } = await fakeGateway(t)
  const error = await failure(new ControlClient(socket).restart(['uj'], () => {}))
  assert.deepEqual([error.exitCode, error.problems[0]?.hint], [2, 'did you mean `ui`?'])
})

test('a refusal because something is running is a failure that names it', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const client = new ControlClient(socket)
  const first = client.reload(() => {})
  await target.begun.promise
  const error = await failure(client.restart([], () => {}))
  assert.equal(error.exitCode, 1)
  assert.match(error.message, /^reload is running since/)
  target.operation.resolve({ ok: true, lines: [] })
  await first
})

test('a gateway that stops in the middle of a restart is said, not taken for the end of it', async (t) => {
  const { socket, target, server } = await fakeGateway(t)
  const restart = codeOf(new ControlClient(socket).restart([], () => {}))
  await target.begun.promise
  await server.close()
  assert.equal(await restart, 'gateway_gone')
  target.operation.resolve({ ok: true, lines: [] })
})

test('a connection that breaks before the answer is a gateway that is gone', async (t) => {
  const socket = await stranger(
    t,
    createServer((connection) => connection.once('data', () => connection.destroy())),
  )
  assert.equal(await codeOf(new ControlClient(socket).status()), 'gateway_gone')
})

test('a socket that is missing or that nobody listens on is no gateway', async (t) => {
  const directory = await freshDirectory(t)
  const left = join(directory, 'left.sock')
  writeFileSync(left, '')
  assert.equal(await codeOf(new ControlClient(join(directory, 'none.sock')).status()), 'no_gateway')
  assert.equal(await codeOf(new ControlClient(left).drain()), 'no_gateway')
})

test('what does not speak HTTP, or not ours, is told from a gateway', async (t) => {
  const greeting = await stranger(
    t,
    createServer((connection) => connection.end('220 mail.example ESMTP\r\n')),
  )
  assert.equal(await codeOf(new ControlClient(greeting).status()), 'not_a_gateway')
  const page = await stranger(
    t,
    http((_request, response) => response.end('<html>')),
  )
  assert.equal(await codeOf(new ControlClient(page).stop()), 'not_a_gateway')
  const other = await stranger(
    t,
    http((_request, response) => response.end('{"gateway":{"pid":1},"workers":{}}')),
  )
  assert.equal(await codeOf(new ControlClient(other).status()), 'not_a_gateway')
})

test('a gateway that accepts and says nothing is silent', async (t) => {
  const hung = http(() => {})
  const socket = await stranger(t, hung)
  assert.equal(await codeOf(new ControlClient(socket, 20).status()), 'gateway_silent')
})

test('a socket of another account is permission denied, with who may', () => {
  const denied = Object.assign(new Error('connect EACCES'), { code: 'EACCES' })
  const problem = connectionProblem(denied, '/run/fluxlit/x/1/control.sock')
  assert.equal(problem.code, 'control_denied')
  assert.match(problem.hint ?? '', /as root/)
})
