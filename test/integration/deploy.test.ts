import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import type { Deployment } from '../support/deployment.ts'
import { deployment } from '../support/deployment.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { json } from '../support/http.ts'
import type { Load, Sent } from '../support/load.ts'
import { load } from '../support/load.ts'
import { pidOf, status, verb } from '../support/verb.ts'

/** What every endpoint of the app says about the process that answered. */
interface Answered {
  readonly version: number
  readonly pid: number
}

/** A release in force, and when the command that put it there had returned. */
interface Switch {
  readonly version: number
  readonly at: number
}

const flips = 20

/** Milliseconds an import takes; minutes in all, so only on request. */
const slowImportMs = process.env['SLOW'] === '1' ? 20_000 : 5_000

test(
  `${flips} deploys under load: every answer is 2xx, every write arrives once, the old release is gone after the switch`,
  { timeout: 300_000 },
  async (t) => {
    const { site, running, reads, writes } = await underLoad(t)
    const switches: Switch[] = [{ version: 1, at: 0 }]
    for (let version = 2; version <= flips + 1; version += 1) {
      await site.publish(version)
      await site.flip(version)
      const { code, stderr } = await verb(running, 'restart', 'api')
      assert.equal(code, 0, stderr)
      switches.push({ version, at: performance.now() })
      await Promise.all([reads.more(10), writes.more(10)])
    }
    const sent = [...(await reads.stop()), ...(await writes.stop())]
    assert.deepEqual([...reads.failed, ...writes.failed], [])
    assert.deepEqual(
      sent.filter((one) => answeredBy(one).version < expectedVersion(switches, one)),
      [],
    )
    const ids = writes.sent.map(({ id }) => id)
    assert.deepEqual((await site.journal()).toSorted(), ids.toSorted())
    const { api } = (await status(running)).workers
    assert.deepEqual({ restarts: api?.restarts, deaths: api?.deaths }, { restarts: flips, deaths: [] })
    assert.deepEqual(apiProcesses(running), [api?.pid], 'the processes of old releases have ended')
  },
)

test(
  'a deploy whose import takes long: the old release answers until the new one can',
  { timeout: 120_000 },
  async (t) => {
    const { site, running, reads, writes } = await underLoad(t)
    await site.publish(2, `import time\ntime.sleep(${slowImportMs / 1000})\n${app('release.py')}`)
    await site.flip(2)
    const { code, stderr } = await verb(running, 'restart')
    const at = performance.now()
    assert.equal(code, 0, stderr)
    await reads.more(5)
    const sent = [...(await reads.stop()), ...(await writes.stop())]
    assert.deepEqual([...reads.failed, ...writes.failed], [])
    assert.deepEqual(
      sent.filter((one) => one.startedAt > at && answeredBy(one).version !== 2),
      [],
    )
    assert.deepEqual((await site.journal()).toSorted(), writes.sent.map(({ id }) => id).toSorted())
  },
)

test('a deploy whose import fails: exit 1 with the cause and the last lines, the old release stays', async (t) => {
  const { site, running, reads, writes } = await underLoad(t)
  const before = await pidOf(running, 'api')
  const broken = 'print("connecting to the warehouse", flush=True)\nraise RuntimeError("no such table")\n'
  await site.publish(2, broken)
  await site.flip(2)
  const { code, stdout, stderr } = await verb(running, 'restart', 'api')
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, /^error\[app_import_failed\]: .*RuntimeError: no such table.*main\.py:2/m)
  assert.match(stderr, /connecting to the warehouse/)
  await reads.more(5)
  assert.equal(await pidOf(running, 'api'), before)

  await site.publish(3)
  await site.flip(3)
  assert.equal((await verb(running, 'restart', 'api')).code, 0, 'the next deploy is free to succeed')
  const now = performance.now()
  await Promise.all([reads.more(5), writes.more(5)])
  const sent = [...(await reads.stop()), ...(await writes.stop())]
  assert.deepEqual([...reads.failed, ...writes.failed], [])
  assert.deepEqual(
    [...new Set(sent.filter((one) => one.startedAt > now).map((one) => answeredBy(one).version))],
    [3],
  )
})

test('a deploy that is ready and dies 3 s later: exit 1 with the cause, the old release takes over again', async (t) => {
  const { site, running, reads } = await underLoad(t)
  const before = await pidOf(running, 'api')
  await site.publish(2, `${app('release.py')}\n${dyingAfter(3)}`)
  await site.flip(2)
  const { code, stdout, stderr } = await verb(running, 'restart', 'api')
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, /^error\[\w+\]: .*exit status 7/m)
  assert.match(stderr, /the licence has expired/)
  await reads.more(5)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  assert.equal(
    reads.sent.some((one) => answeredBy(one).version === 2),
    true,
    'it had been ready',
  )
  assert.equal(await pidOf(running, 'api'), before)
  assert.equal((await status(running)).gateway.state, 'ready')
})

async function underLoad(t: Cleanup): Promise<{
  readonly site: Deployment
  readonly running: Gateway
  readonly reads: Load
  readonly writes: Load
}> {
  const site = await deployment(t)
  const running = await (await gateway(t, { toml: site.toml() })).ready()
  const reads = load(t, { url: `${running.url}/api/release` })
  const writes = load(t, {
    url: `${running.url}/api/note`,
    keepAlive: true,
    question: (id) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id }),
    }),
  })
  await Promise.all([reads.more(5), writes.more(5)])
  return { site, running, reads, writes }
}

function answeredBy({ body }: Sent): Answered {
  return json<Answered>(body)
}

// What was in force when the command had returned before the request began.
function expectedVersion(switches: readonly Switch[], { startedAt }: Sent): number {
  return switches.findLast(({ at }) => at < startedAt)?.version ?? 0
}

function apiProcesses(running: Gateway): readonly number[] {
  return running
    .processes()
    .filter(({ command }) => command.includes('main:app'))
    .map(({ pid }) => pid)
}

function dyingAfter(seconds: number): string {
  return `import threading
def expire():
    print("the licence has expired", flush=True)
    os._exit(7)
threading.Timer(${seconds}, expire).start()
`
}
