import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import { Child } from '../../../internal/worker/child.ts'
import type { OutputEvent } from '../../../internal/worker/output.ts'
import { isAlive } from '../../fixtures/worker/room.ts'
import { python } from '../../support/python.ts'

interface Started {
  readonly child: Child
  readonly output: readonly OutputEvent[]
}

function start(t: TestContext, argv: readonly [string, ...string[]], isBootstrap = false): Started {
  const output: OutputEvent[] = []
  const child = new Child({
    worker: 'x',
    where: 'fluxlit.toml:1',
    argv,
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '' },
    isBootstrap,
    onOutput: (event) => output.push(event),
  })
  t.after(() => child.destroy())
  return { child, output }
}

const run = (t: TestContext, script: string, isBootstrap = false): Started =>
  start(t, [python(), '-c', script], isBootstrap)

describe('a child process', () => {
  it('tells what it wrote before it ended, also the line it did not finish', async (t) => {
    const script = 'import sys; print("{\\"n\\": 1}"); sys.stderr.write("half"); sys.exit(3)'
    const { child, output } = run(t, script)
    assert.equal((await child.exited).text, 'exit status 3')
    const seen = output.toSorted((one, other) => one.stream.localeCompare(other.stream))
    assert.deepEqual(seen, [
      { worker: 'x', pid: child.pid, stream: 'stderr', text: 'half' },
      { worker: 'x', pid: child.pid, stream: 'stdout', text: '{"n": 1}', fields: { n: 1 } },
    ])
    assert.deepEqual(child.lastLines.toSorted(), ['half', '{"n": 1}'])
  })

  it('is watched from its start to the end of its group', async (t) => {
    const told: string[] = []
    const child = new Child({
      worker: 'x',
      where: 'fluxlit.toml:1',
      argv: [python(), '-c', 'pass'],
      cwd: tmpdir(),
      env: { PATH: process.env['PATH'] ?? '' },
      isBootstrap: false,
      onOutput: () => undefined,
      watcher: { watch: (pid) => told.push(`watch ${pid}`), forget: (pid) => told.push(`forget ${pid}`) },
    })
    t.after(() => child.destroy())
    assert.deepEqual(told, [`watch ${child.pid}`])
    await child.exited
    assert.deepEqual(told, [`watch ${child.pid}`, `forget ${child.pid}`])
  })

  it('that cannot be started says why and has no process id', async (t) => {
    const { child } = start(t, ['/nowhere/program'])
    assert.equal(child.pid, null)
    assert.deepEqual(await child.exited, {
      kind: 'spawn-error',
      code: null,
      signal: null,
      text: '/nowhere/program does not exist',
    })
    assert.deepEqual(await child.stop(0), { obeyed: true })
  })

  it('has ended when it ended, though one that escaped holds its output open', async (t) => {
    const escape =
      'import subprocess; p = subprocess.Popen(["sleep", "600"], start_new_session=True); print(p.pid)'
    const { child, output } = run(t, escape)
    assert.equal((await child.exited).code, 0)
    const escaped = Number(output[0]?.text)
    assert.equal(isAlive(escaped), true)
    process.kill(escaped, 'SIGKILL')
  })

  it('writes as much as it likes without waiting for anybody', async (t) => {
    const { child, output } = run(t, 'print(("y" * 999 + "\\n") * 5000, end="")')
    assert.equal((await child.exited).code, 0)
    assert.equal(output.length, 5000)
  })

  it('with our bootstrap has a lifeline and a pipe to report on', async (t) => {
    const report = '{"event":"failed","code":"app_not_found","message":"no main","permanent":true}'
    const script = `import os, stat; assert stat.S_ISSOCK(os.fstat(3).st_mode); os.write(4, b'''${report}\\n''')`
    const { child } = run(t, script, true)
    assert.equal((await child.exited).code, 0)
    assert.equal(child.report?.problem.message, 'no main')
  })

  it('of any other kind has no further descriptors', async (t) => {
    const { child } = run(t, 'import os; os.fstat(3)')
    assert.equal((await child.exited).code, 1)
    assert.match(child.lastLines.at(-1) ?? '', /Bad file descriptor/)
  })

  it('obeys SIGTERM, or is killed after the grace', async (t) => {
    const wait = 'import signal, sys; print("up", flush=True); signal.pause()'
    const polite = run(t, wait)
    assert.deepEqual(await polite.child.stop(600_000), { obeyed: true })
    assert.equal((await polite.child.exited).signal, 'SIGTERM')
    const up = Promise.withResolvers<void>()
    const deaf = new Child({
      worker: 'x',
      where: 'fluxlit.toml:1',
      argv: [python(), '-c', `import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); ${wait}`],
      cwd: tmpdir(),
      env: {},
      isBootstrap: false,
      onOutput: () => up.resolve(),
    })
    t.after(() => deaf.destroy())
    await up.promise
    assert.deepEqual(await deaf.stop(1), { obeyed: false })
    assert.equal((await deaf.exited).signal, 'SIGKILL')
  })
})
