import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { test } from 'node:test'

import { ControlServer } from '../../../internal/admin/control-server.ts'
import { noAudit } from '../../../internal/log/audit.ts'
import { ask, open } from '../../fixtures/admin/ask.ts'
import { fakeGateway, FakeTarget, listLogger } from '../../fixtures/admin/target.ts'
import { eventually } from '../../support/eventually.ts'

const restartAll = '{"workers":[]}'

test('only the account of the gateway can open the control socket', async (t) => {
  const { socket } = await fakeGateway(t)
  assert.equal(statSync(socket).mode & 0o777, 0o600)
})

test('a path that is taken is a problem, and whoever has it keeps it', async (t) => {
  const { socket } = await fakeGateway(t)
  const second = await ControlServer.open({
    path: socket,
    target: new FakeTarget(),
    logger: listLogger([]),
    audit: noAudit,
  })
  assert.ok('code' in second)
  assert.equal(second.code, 'control_socket')
  assert.equal((await ask(socket, 'GET', '/status')).status, 200)
})

test('GET /status answers the report', async (t) => {
  const { socket, target } = await fakeGateway(t)
  assert.deepEqual(await ask(socket, 'GET', '/status'), { status: 200, body: target.report })
})

test('an address that does not exist is 404, another method 405 with the right one', async (t) => {
  const { socket, target } = await fakeGateway(t)
  assert.equal((await ask(socket, 'GET', '/nothing')).status, 404)
  const wrong = await ask(socket, 'GET', '/stop')
  assert.deepEqual([wrong.status, wrong.allow], [405, 'POST'])
  assert.deepEqual(target.calls, [])
})

for (const body of ['{', '[]', '"api"', '{"workers":"api"}', '{"workers":[1]}', '{"workers":null}']) {
  test(`a restart with the body ${body} is 400 and restarts nothing`, async (t) => {
    const { socket, target } = await fakeGateway(t)
    assert.equal((await ask(socket, 'POST', '/restart', body)).status, 400)
    assert.deepEqual(target.calls, [])
  })
}

test('a body longer than 64 KiB is 413', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const body = JSON.stringify({ workers: ['a'.repeat(64 * 1024)] })
  assert.equal((await ask(socket, 'POST', '/restart', body)).status, 413)
  assert.deepEqual(target.calls, [])
})

test('an unknown worker is 400 with the nearest name, and none of the others is restarted', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const answer = await ask(socket, 'POST', '/restart', '{"workers":["ui","apo"]}')
  assert.deepEqual(answer, {
    status: 400,
    body: {
      problems: [
        { code: 'unknown_worker', message: 'there is no worker "apo"', hint: 'did you mean `api`?' },
      ],
    },
  })
  assert.deepEqual(target.calls, [])
})

test('drain is done when it is answered', async (t) => {
  const { socket, target } = await fakeGateway(t)
  assert.deepEqual(await ask(socket, 'POST', '/drain'), { status: 200, body: { ok: true } })
  assert.deepEqual(target.calls, ['drain'])
})

test('stop is answered before it begins, also when it begins with closing the socket', async (t) => {
  const { socket, target, server } = await fakeGateway(t)
  target.onStop = () => server.destroy()
  assert.deepEqual(await ask(socket, 'POST', '/stop'), { status: 200, body: { ok: true } })
  await target.stopped.promise
})

test('a restart is told line by line while it happens', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const response = await open(socket, 'POST', '/restart', '{"workers":["api"]}')
  assert.equal(response.headers['content-type'], 'application/x-ndjson')
  const progress = await target.begun.promise
  progress('api: generation 2 started')
  const [first] = await once(response.setEncoding('utf8'), 'data')
  assert.equal(first, '{"kind":"progress","line":"api: generation 2 started"}\n')
  target.operation.resolve({ ok: true, lines: ['api: generation 2 is ready'] })
  const [last] = await once(response, 'data')
  assert.equal(last, '{"kind":"done","outcome":{"ok":true,"lines":["api: generation 2 is ready"]}}\n')
  assert.deepEqual(target.calls, ['restart api'])
})

test('a second restart or reload is refused with what is running; status, drain and stop are not', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const response = await open(socket, 'POST', '/restart', '{"workers":["api"]}')
  await target.begun.promise
  for (const path of ['/restart', '/reload']) {
    const { status, body } = await ask(socket, 'POST', path)
    assert.equal(status, 409)
    assert.match(JSON.stringify(body), /control_busy.*restart of api is running since 20/)
  }
  assert.equal((await ask(socket, 'GET', '/status')).status, 200)
  assert.equal((await ask(socket, 'POST', '/drain')).status, 200)
  target.operation.resolve({ ok: true, lines: [] })
  await once(response.resume(), 'end')
  assert.equal((await open(socket, 'POST', '/reload')).statusCode, 200)
  assert.deepEqual(target.calls, ['restart api', 'drain', 'reload'])
})

test('a gateway that is stopping restarts nothing', async (t) => {
  const { socket, target } = await fakeGateway(t)
  await ask(socket, 'POST', '/stop')
  assert.equal((await ask(socket, 'POST', '/restart', restartAll)).status, 409)
  await target.stopped.promise
  assert.deepEqual(target.calls, ['stop'])
})

test('a restart goes on when its client goes away, and keeps its place until it has ended', async (t) => {
  const { socket, target, log } = await fakeGateway(t)
  const response = await open(socket, 'POST', '/restart', restartAll)
  const progress = await target.begun.promise
  response.destroy()
  await once(response, 'close')
  assert.equal((await ask(socket, 'POST', '/reload')).status, 409)
  progress('nobody reads this')
  target.operation.resolve({ ok: true, lines: [] })
  await eventually('the restart is logged', () => log.includes('info restart done'))
  assert.equal((await open(socket, 'POST', '/reload')).statusCode, 200)
})

test('a restart that throws is a failed restart with a log line, not the end of the server', async (t) => {
  const { socket, target, log } = await fakeGateway(t)
  target.operation.promise.catch(() => {})
  target.operation.reject(new Error('a bug'))
  assert.deepEqual(await ask(socket, 'POST', '/restart', restartAll), {
    status: 200,
    body: {
      kind: 'done',
      outcome: { ok: false, problems: [{ code: 'internal', message: 'restart: a bug' }] },
    },
  })
  assert.ok(log.includes('error restart: a bug'))
  assert.equal((await ask(socket, 'GET', '/status')).status, 200)
})

test('a status that throws is 500 and a log line', async (t) => {
  const { socket, target, log } = await fakeGateway(t)
  target.status = () => {
    throw new Error('a bug')
  }
  assert.equal((await ask(socket, 'GET', '/status')).status, 500)
  assert.ok(log.includes('error control: a bug'))
})

test('closing ends a restart that is being told, and removes the socket', async (t) => {
  const { socket, target, server } = await fakeGateway(t)
  const response = await open(socket, 'POST', '/restart', restartAll)
  await target.begun.promise
  const closed = once(response.resume(), 'close')
  await server.close()
  await closed
  assert.equal(existsSync(socket), false)
  target.operation.resolve({ ok: true, lines: [] })
})
