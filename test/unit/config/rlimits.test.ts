import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load, loadValid, problemLines, project } from './project.ts'

const worker = '[workers.queue]\nkind = "process"\ncommand = ["celery"]\n'

test('limits reach the worker in the units of the kernel, and are reported key by key', async (t) => {
  const toml = `${worker}[workers.queue.rlimits]\nopen_files = 512\nprocesses = 64\naddress_space = "4GiB"
file_size = "1MiB"\ncore = "0B"\ncpu = "1500ms"\n`
  const directory = await project(t, { 'fluxlit.toml': toml })
  const { config, report } = loadValid(directory, { env: { FLUXLIT_WORKERS_QUEUE_RLIMITS_PROCESSES: '32' } })
  const [queue] = config.workers
  assert.ok(queue?.kind === 'process')
  assert.deepEqual(queue.run.rlimits, {
    open_files: 512,
    processes: 32,
    address_space: 4 * 2 ** 30,
    file_size: 2 ** 20,
    core: 0,
    cpu: 2,
  })
  assert.deepEqual(report.values.get('workers.queue.rlimits.core'), { value: '0B', origin: 'fluxlit.toml:9' })
  assert.deepEqual(report.values.get('workers.queue.rlimits.processes'), {
    value: 32,
    origin: 'environment FLUXLIT_WORKERS_QUEUE_RLIMITS_PROCESSES',
  })
})

test('without limits there are none', async (t) => {
  const { config, report } = loadValid(await project(t, { 'fluxlit.toml': worker }))
  const [queue] = config.workers
  assert.ok(queue?.kind === 'process')
  assert.deepEqual(queue.run.rlimits, {})
  assert.deepEqual(
    [...report.values.keys()].filter((key) => key.includes('rlimits')),
    [],
  )
})

test('a worker that is run elsewhere has no limits', async (t) => {
  const toml = '[workers.api]\nurl = "http://127.0.0.1:9000"\nmount = "/"\nrlimits = { core = "0B" }\n'
  assert.deepEqual(problemLines(load(await project(t, { 'fluxlit.toml': toml }))), [
    'fluxlit.toml:4: [key_without_meaning] `rlimits` of worker `api` has no meaning for a worker that is run elsewhere',
  ])
})
