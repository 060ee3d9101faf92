import assert from 'node:assert/strict'
import { test } from 'node:test'

import { deploymentFiles } from '../../../internal/deploy/files.ts'
import { graceOf, graceWords, outerGraceS } from '../../../internal/deploy/plan.ts'
import { planOf, textOf } from './plans.ts'

test('whoever stops the gateway waits longer than all its steps and 5 s', () => {
  const cases = [
    [0, 20_000, 10_000, 40],
    [5_000, 20_000, 10_000, 45],
    [0, 0, 0, 10],
    [1_500, 20_000, 10_000, 40],
    [0, 3_600_000, 60_000, 3670],
  ] as const
  for (const [delayMs, timeoutMs, workerMs, seconds] of cases) {
    const grace = { delayMs, timeoutMs, workerMs }
    assert.equal(outerGraceS(grace), seconds, graceWords(grace))
    assert.ok(seconds * 1000 > delayMs + timeoutMs + workerMs + 5_000)
  }
})

test('the longest stop_grace of the workers counts, and a delay of the configuration above that from outside', async (t) => {
  const toml = `[drain]\ndelay = "8s"\ntimeout = "1m"
[workers.api]\napp = "main:app"\nstop_grace = "90s"\n[workers.ui]\nscript = "streamlit_app.py"\n`
  const plan = await planOf(t, toml)
  assert.deepEqual(graceOf(plan.config, 5_000), { delayMs: 8_000, timeoutMs: 60_000, workerMs: 90_000 })
  const made = deploymentFiles('all', plan)
  assert.ok(made.kind === 'files')
  const inFile = (path: string, pattern: RegExp): string =>
    pattern.exec(textOf(made.files, path))?.[1] ?? 'nothing'
  assert.equal(inFile('kubernetes/deployment.yaml', /terminationGracePeriodSeconds: (\d+)/), '165')
  assert.equal(inFile('kubernetes/deployment.yaml', /FLUXLIT_DRAIN_DELAY\n +value: (\S+)/), '8s')
  assert.equal(inFile('compose.yaml', /stop_grace_period: (\d+)s/), '165')
  assert.equal(inFile('systemd/fluxlit.service', /^TimeoutStopSec=(\d+)/m), '165')
})

test('memory is the sum of the processes; a worker with a limit of its own counts once more, for its successor', async (t) => {
  const api = '[workers.api]\napp = "main:app"\nreplicas = 2\n'
  const usual = await planOf(t, api)
  const limited = await planOf(t, `${api}max_memory = "300MiB"\n`)
  assert.equal(usual.memoryMiB, 128 + 2 * 384)
  assert.equal(limited.memoryMiB, 128 + 3 * 300)
})

test('names become labels', async (t) => {
  const name = async (text: string): Promise<string> =>
    (await planOf(t, '[workers.api]\napp = "main:app"\n', { name: text })).name
  assert.equal(await name('My_Shop.v2'), 'my-shop-v2')
  assert.equal(await name('7--'), 'app')
  assert.equal(await name(`${'a'.repeat(39)}-b`), 'a'.repeat(39))
})
