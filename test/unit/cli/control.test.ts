import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'

import { drain, reload, restart, stop } from '../../../internal/cli/control.ts'
import { StartupError } from '../../../internal/fault/startup.ts'
import { openRuntimeDir } from '../../../internal/worker/runtime-dir.ts'
import { fakeGateway, reportOf, type FakeTarget } from '../../fixtures/admin/target.ts'
import { testTerminal } from '../../fixtures/admin/terminal.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { freshDirectory } from '../../support/directory.ts'

/** A process to stand in for the gateway's, that ends when the gateway is told to stop. */
async function stoppable(
  t: Cleanup,
  target: FakeTarget,
): Promise<{ readonly pid: number; readonly end: () => void }> {
  const child = spawn('sleep', ['600'])
  await once(child, 'spawn')
  const end = (): void => void child.kill('SIGKILL')
  t.after(end)
  const pid = child.pid ?? assert.fail()
  target.report = { ...target.report, gateway: { ...target.report.gateway, pid } }
  return { pid, end }
}

test('restart prints progress and result, and ends with 0', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const terminal = testTerminal()
  const code = restart({ socket, worker: ['api'] }, terminal)
  const progress = await target.begun.promise
  progress('api: generation 2 started')
  target.operation.resolve({ ok: true, lines: ['api: generation 2 took over'] })
  assert.equal(await code, 0)
  assert.deepEqual(target.calls, ['restart api'])
  assert.equal(terminal.written.out, 'api: generation 2 started\napi: generation 2 took over\n')
})

test('a restart that failed ends with 1, the cause and the last 20 lines, without their escapes', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const detail = Array.from({ length: 30 }, (_, index) => `\x1b[31mline ${index}\x1b[0m\x07`)
  const problems = [{ code: 'import_failed', message: 'api: main.py does not import', detail }]
  target.operation.resolve({ ok: false, problems })
  const terminal = testTerminal()
  assert.equal(await restart({ socket }, terminal), 1)
  const expected = detail.slice(10).map((_, index) => `    line ${index + 10}\n`)
  assert.equal(
    terminal.written.err,
    `error[import_failed]: api: main.py does not import\n${expected.join('')}`,
  )
})

test('a restart of an unknown worker is a usage error', async (t) => {
  const { socket } = await fakeGateway(t)
  await assert.rejects(restart({ socket, worker: ['apj'] }, testTerminal()), (error: unknown) => {
    assert.ok(error instanceof StartupError)
    assert.deepEqual([error.exitCode, error.problems[0]?.hint], [2, 'did you mean `api`?'])
    return true
  })
})

test('reload finds the gateway by the configuration file, with the same default as serve', async (t) => {
  const directory = await freshDirectory(t, { files: { 'app/fluxlit.toml': '', 'app/other.toml': '' } })
  const cwd = join(directory, 'app')
  const place = join(directory, 'run')
  const terminal = testTerminal({ cwd, env: { RUNTIME_DIRECTORY: place } })
  const runtime = openRuntimeDir({
    instanceKey: join(cwd, 'fluxlit.toml'),
    env: {},
    candidates: [place],
  })
  assert.ok('path' in runtime)
  const { target } = await fakeGateway(t, join(runtime.path, 'control.sock'))
  target.operation.resolve({ ok: true, lines: [] })
  assert.equal(await reload({}, terminal), 0)
  assert.equal(await reload({ config: ['fluxlit.toml', 'other.toml'] }, terminal), 0)
  await assert.rejects(reload({ config: ['other.toml'] }, terminal), {
    message: `no gateway is running for ${join(cwd, 'other.toml')}`,
  })
  assert.deepEqual(target.calls, ['reload', 'reload'])
})

test('drain is done at once', async (t) => {
  const { socket, target } = await fakeGateway(t)
  assert.equal(await drain({ socket }, testTerminal()), 0)
  assert.deepEqual(target.calls, ['drain'])
})

test('stop ends with 0 only when the process is gone, and tells what it waits for', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const report = reportOf({ api: { in_flight: 1, websockets: 2 }, old: { spawned: false } })
  target.report = report
  const { pid, end } = await stoppable(t, target)
  let looks = 0
  const terminal = testTerminal({
    pause: async () => {
      looks += 1
      if (looks === 2) end()
      return new Promise((resolve) => setImmediate(resolve, true))
    },
  })
  assert.equal(await stop({ socket }, terminal), 0)
  assert.ok(looks >= 2)
  assert.equal(
    terminal.written.out,
    `stopping the gateway, pid ${pid}\nwaiting for 1 request, 2 WebSockets, api\nstopped\n`,
  )
})

test('stop waits for the process also after the socket is gone', async (t) => {
  const { socket, target, server } = await fakeGateway(t)
  const { end } = await stoppable(t, target)
  const closed = Promise.withResolvers<void>()
  target.onStop = () => void server.close().then(closed.resolve)
  const terminal = testTerminal({
    pause: async () => {
      await closed.promise
      end()
      return new Promise((resolve) => setImmediate(resolve, true))
    },
  })
  assert.equal(await stop({ socket }, terminal), 0)
  assert.ok(terminal.written.out.endsWith('stopped\n'))
})

test('Ctrl-C ends the waiting, not the stop', async (t) => {
  const { socket, target } = await fakeGateway(t)
  await stoppable(t, target)
  const terminal = testTerminal({ pause: () => Promise.resolve(false) })
  assert.equal(await stop({ socket }, terminal), 1)
  assert.equal(terminal.written.err, 'no longer waiting; the gateway goes on stopping\n')
  assert.deepEqual(target.calls, ['stop'])
})

test('a process id that is no number is a usage error', async () => {
  await assert.rejects(drain({ pid: '1x' }, testTerminal()), { exitCode: 2 })
})
