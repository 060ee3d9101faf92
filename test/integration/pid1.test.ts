import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

import { openLibc } from '../../internal/host/libc.ts'
import { processIds, processStat } from '../../internal/host/process-table.ts'
import { app } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { firstProcessOf } from '../support/first-process.ts'
import type { Gateway, GatewayOptions } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'

const container = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const
const possible =
  openLibc().isAvailable && spawnSync(container[0], [...container.slice(1), 'true']).status === 0
const inContainer = { skip: possible ? false : 'this account may not make a process namespace' }

test('45: as PID 1 it stops on SIGTERM, also while a worker still starts', inContainer, async (t) => {
  const never = 'import time\nprint("importing", flush=True)\ntime.sleep(100_000)\n'
  const { running, pid } = await asFirstProcess(t, {
    toml: '[workers.api]\napp = "api:app"\nstop_grace = "1s"\n[drain]\ntimeout = "1h"\n',
    files: { 'api.py': never },
  })
  await running.record('the import', (record) => JSON.stringify(record).includes('importing'))
  process.kill(pid, 'SIGTERM')
  assert.equal((await running.exited).code, 0, running.output)
  assert.deepEqual(running.processes(), [])
})

test('45: as PID 1 it reaps what others leave to it, and serves', inContainer, async (t) => {
  const litter = `for number in 1 2 3 4 5; do
  (sh -c "sleep 0.2; echo orphan $number ends" &)
done
exec sleep 100000`
  const { running, pid } = await asFirstProcess(t, {
    toml: `[workers.api]\napp = "api:app"\n[workers.litter]\nkind = "process"\ncommand = ["sh", "-c", ${JSON.stringify(litter)}]\n`,
    files: { 'api.py': app('api.py') },
  })
  await running.ready()
  for (let number = 1; number <= 5; number += 1) {
    const end = `orphan ${number} ends`
    await running.record(end, (record) => JSON.stringify(record).includes(end))
  }
  await eventually('no zombie is left', () => zombiesOf(pid).length === 0)
  assert.equal((await ask(`${running.url}/api/`)).status, 200)
  process.kill(pid, 'SIGTERM')
  assert.equal((await running.exited).code, 0, running.output)
})

test('44: as PID 1 it takes the whole container with it when it is killed', inContainer, async (t) => {
  const { running, pid } = await asFirstProcess(t, {
    toml: '[workers.api]\napp = "api:app"\n[workers.queue]\nkind = "process"\ncommand = ["setsid", "sleep", "100000"]\n',
    files: { 'api.py': app('api.py') },
  })
  await running.ready()
  assert.ok(running.processes().length >= 4, running.output)
  process.kill(pid, 'SIGKILL')
  await running.exited
  assert.deepEqual(running.processes(), [])
})

/** A gateway that is PID 1 of a namespace of its own, with its id in ours. */
async function asFirstProcess(
  t: Cleanup,
  options: GatewayOptions,
): Promise<{ readonly running: Gateway; readonly pid: number }> {
  const running = await gateway(t, { ...options, through: container })
  return { running, pid: firstProcessOf(running) }
}

function zombiesOf(parent: number): readonly number[] {
  return processIds().filter((pid) => {
    const stat = processStat(pid)
    return stat?.parent === parent && stat.state === 'Z'
  })
}
