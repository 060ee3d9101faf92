import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { app } from '../support/apps.ts'
import { run } from '../support/binary.ts'
import { eventually } from '../support/eventually.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { memoryGroup, withoutMemoryGroup } from '../support/memory-group.ts'
import type { View } from '../support/memory-group.ts'
import { pidOf, status } from '../support/verb.ts'

const mebibyte = 2 ** 20
const limited = { skip: await withoutMemoryGroup() }

/** A gateway that may use 400 MiB with its worker, as in a container. */
async function confined(t: TestContext, view?: View): Promise<Gateway> {
  const group = memoryGroup(400 * mebibyte, view)
  assert.ok(group !== null)
  const toml = '[workers.api]\napp = "trouble:app"\nmax_memory = "1GiB"\n'
  const files = { 'trouble.py': app('trouble.py') }
  try {
    return await (await gateway(t, { toml, files, through: group.through })).ready()
  } finally {
    // After the hook that ends the gateway.
    t.after(() => group.remove())
  }
}

/** Lets the worker ask for more than there is; resolves when it is answered, or not. */
async function outgrow(running: Gateway): Promise<void> {
  await ask(`${running.url}/api/grow?mebibytes=2000`, { method: 'POST' }).catch(() => undefined)
}

test(
  '27, 44: a worker that the kernel kills for lack of memory is told as that, and comes back',
  limited,
  async (t) => {
    const running = await confined(t)
    const first = await pidOf(running, 'api')
    await outgrow(running)
    const line = await running.record('its death', ({ code }) => code === 'worker_died')
    assert.equal(line['reason'], 'worker api ended: killed by the kernel: out of memory')
    const again = ({ msg, pid }: Readonly<Record<string, unknown>>): boolean =>
      msg === 'worker ready' && pid !== first
    await running.record('it is back', again)
    assert.equal((await ask(`${running.url}/api/`)).status, 200)
    const [death] = (await status(running)).workers['api']?.deaths ?? []
    assert.match(death?.cause ?? '', /killed by the kernel: out of memory$/)

    await t.test('and one that somebody kills is not', async () => {
      process.kill(await pidOf(running, 'api'), 'SIGKILL')
      await running.record('it', ({ reason }) => String(reason).endsWith('and not for lack of memory)'))
    })
  },
)

const views = { part: 'without a namespace', namespace: 'with a namespace' } as const

for (const view of ['part', 'namespace'] as const) {
  test(`a group below that of the container counts, in a container ${views[view]}`, limited, async (t) => {
    const running = await confined(t, view)
    await outgrow(running)
    const line = await running.record('its death', ({ code }) => code === 'worker_died')
    assert.equal(line['reason'], 'worker api ended: killed by the kernel: out of memory')

    const group = memoryGroup(400 * mebibyte, view)
    assert.ok(group !== null)
    t.after(() => group.remove())
    const { stdout } = await run(['doctor'], { cwd: running.directory, through: group.through })
    assert.match(stdout, /^WARN {2}memory_limit: .*max_memory of worker api is not below the 400 MiB /m)
  })
}

test('44: a gateway that the kernel kills for lack of memory leaves nothing behind', limited, async (t) => {
  const running = await confined(t)
  // The kernel takes the largest, unless it is told otherwise.
  await writeFile(`/proc/${running.pid}/oom_score_adj`, '1000')
  await outgrow(running)
  await assert.rejects(running.record('its end', () => false))
  await eventually('no process is left', () => running.processes().length === 0, 10_000)
})
