import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Restarts } from '../../../../internal/app/dev/restarts.ts'
import type { ControlOutcome } from '../../../../internal/admin/control.ts'
import type { Logger } from '../../../../internal/log/types.ts'

/** A gateway that does what it is asked for once it is told to, and a log. */
function gateway() {
  const asked: string[] = []
  const lines: string[] = []
  const waiting: ((outcome: ControlOutcome) => void)[] = []
  const answer = (what: string): Promise<ControlOutcome> => {
    asked.push(what)
    return new Promise((resolve) => waiting.push(resolve))
  }
  const keep = (level: string) => (_fields: unknown, message: string) =>
    void lines.push(`${level} ${message}`)
  const logger: Logger = {
    trace: keep('trace'),
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    isEnabled: () => true,
    child: () => logger,
  }
  const restarts = new Restarts(
    { restart: (workers) => answer(`restart ${workers.join(' ')}`), reload: () => answer('reload') },
    logger,
  )
  return {
    restarts,
    asked,
    lines,
    finish: async (outcome: ControlOutcome = { ok: true, lines: ['done'] }): Promise<void> => {
      waiting.shift()?.(outcome)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('a restart is done at once and said with its reason', async () => {
  const { restarts, asked, lines, finish } = gateway()
  restarts.ask({ kind: 'restart', workers: ['api'], because: 'main.py changed' })
  assert.deepEqual(asked, ['restart api'])
  await finish({ ok: true, lines: ['api: restarted'] })
  assert.equal(lines[0], 'info main.py changed: restarting api')
  assert.match(lines[1] ?? '', /^info api: restarted \(\d+\.\d s\)$/)
})

test('what comes during a restart is done together after it', async () => {
  const { restarts, asked, finish } = gateway()
  restarts.ask({ kind: 'restart', workers: ['api'], because: 'a' })
  restarts.ask({ kind: 'restart', workers: ['api'], because: 'b' })
  restarts.ask({ kind: 'restart', workers: ['ui'], because: 'c' })
  restarts.ask({ kind: 'none' })
  assert.equal(asked.length, 1)
  await finish()
  assert.deepEqual(asked, ['restart api', 'restart api ui'])
  restarts.ask({ kind: 'restart', workers: ['api'], because: 'd' })
  restarts.ask({ kind: 'restart', workers: [], because: 'r pressed' })
  await finish()
  assert.equal(asked.at(-1), 'restart ')
  await finish()
})

test('a configuration is read before everything is restarted, and nothing is when it is wrong', async () => {
  const { restarts, asked, lines, finish } = gateway()
  restarts.ask({ kind: 'reload', everything: true, because: '.env changed' })
  await finish()
  assert.deepEqual(asked, ['reload', 'restart '])
  await finish()
  restarts.ask({ kind: 'reload', everything: true, because: '.env changed' })
  await finish({
    ok: false,
    problems: [{ code: 'bad_toml', message: 'broken', detail: ['line 1', 'line 2'] }],
  })
  assert.equal(asked.length, 3)
  assert.equal(lines.at(-1), 'error not restarted, nothing was changed: broken\nline 1\nline 2')
})

test('a restart merged into a reload is not lost', async () => {
  const { restarts, asked, finish } = gateway()
  restarts.ask({ kind: 'reload', everything: false, because: 'fluxlit.toml changed' })
  restarts.ask({ kind: 'reload', everything: false, because: 'fluxlit.toml changed' })
  restarts.ask({ kind: 'restart', workers: ['api'], because: 'main.py changed' })
  await finish()
  await finish()
  await finish()
  assert.deepEqual(asked, ['reload', 'reload', 'restart '])
})

test('a bug on the way is said and the next change still heard', async () => {
  const { lines } = gateway()
  const logged: Logger = {
    trace: () => undefined,
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (_fields, message) => void lines.push(message),
    isEnabled: () => true,
    child: () => logged,
  }
  let calls = 0
  const restart = (): Promise<ControlOutcome> => {
    calls += 1
    throw new Error('oops')
  }
  const restarts = new Restarts({ restart, reload: restart }, logged)
  for (let i = 1; i <= 2; i++) {
    restarts.ask({ kind: 'restart', workers: [], because: 'x' })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(calls, i)
  }
  assert.equal(lines.length, 2)
})
