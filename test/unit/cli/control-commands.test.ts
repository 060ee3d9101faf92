import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { fakeGateway } from '../../fixtures/admin/target.ts'
import type { FakeTarget } from '../../fixtures/admin/target.ts'
import { repository } from '../../support/python.ts'

/** Starts the command as users do, against a gateway in this process. */
function start(argv: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [join(repository, 'cmd', 'fluxlit', 'main.ts'), ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
  })
}

async function fluxlit(...argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const child = start(argv)
  const code = new Promise<number>((resolve) => {
    child.once('close', (status) => resolve(status ?? -1))
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, out, err }
}

function succeed(target: FakeTarget): void {
  target.operation.resolve({ ok: true, lines: ['done'] })
}

test('what follows the file of -c is a worker again, not another file', async (t) => {
  const { socket, target } = await fakeGateway(t)
  succeed(target)
  const result = await fluxlit('restart', '-c', 'a.toml', '--socket', socket, '-c', 'b.toml', 'ui', 'api')
  assert.deepEqual(result, { code: 0, out: 'done\n', err: '' })
  assert.deepEqual(target.calls, ['restart ui api'])
})

test('a mistyped worker ends with 2 and the nearest name', async (t) => {
  const { socket } = await fakeGateway(t)
  assert.deepEqual(await fluxlit('restart', '--socket', socket, 'apii'), {
    code: 2,
    out: '',
    err: 'error[unknown_worker]: there is no worker "apii"\n  hint: did you mean `api`?\n',
  })
})

test('reload, drain and status reach the gateway; NO_COLOR keeps the table plain', async (t) => {
  const { socket, target } = await fakeGateway(t)
  succeed(target)
  assert.equal((await fluxlit('reload', '--socket', socket)).code, 0)
  assert.equal((await fluxlit('drain', '--socket', socket)).code, 0)
  assert.deepEqual(target.calls, ['reload', 'drain'])
  const { code, out } = await fluxlit('status', '--socket', socket)
  assert.equal(code, 0)
  assert.match(out, /^fluxlit 1\.2\.3 {2}draining {2}http/)
})

test('healthcheck ends with 1 when there is no gateway, a verb with 1 and where it looked', async () => {
  const missing = await fluxlit('healthcheck', '-c', '/nonexistent/fluxlit.toml')
  assert.deepEqual(missing, {
    code: 1,
    out: 'not ready: no gateway is running for /nonexistent/fluxlit.toml\n',
    err: '',
  })
  const { code, err } = await fluxlit('stop', '-c', '/nonexistent/fluxlit.toml')
  assert.equal(code, 1)
  assert.match(err, /^error\[no_gateway\].*\n {4}looked in \/.*: nothing there\n/)
})

test('an option without its value is a usage error', async () => {
  const { code, err } = await fluxlit('reload', '-c')
  assert.equal(code, 2)
  assert.match(err, /^error\[usage\]/)
})

test('Ctrl-C ends status --watch with 0', async (t) => {
  const { socket } = await fakeGateway(t)
  const child = start(['status', '--watch', '--json', '--socket', socket])
  t.after(() => void child.kill('SIGKILL'))
  const lines = createInterface(child.stdout)
  const exit = once(child, 'exit')
  // With the second line it certainly listens to the signal.
  await once(lines, 'line')
  await once(lines, 'line')
  child.kill('SIGINT')
  assert.deepEqual(await exit, [0, null])
})
