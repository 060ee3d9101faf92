import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { load } from '../support/load.ts'
import { pidOf, status } from '../support/verb.ts'

const api = '[workers.api]\napp = "trouble:app"\n'
const files = { 'trouble.py': app('trouble.py') }

test('57: a worker that has grown too large is replaced, and no request notices', async (t) => {
  const running = await (await gateway(t, { toml: `${api}max_memory = "300MiB"\n`, files })).ready()
  const first = await pidOf(running, 'api')
  const reads = load(t, { url: `${running.url}/api/` })
  assert.equal((await ask(`${running.url}/api/grow?mebibytes=300`, { method: 'POST' })).status, 200)
  await reads.saw(({ status: code, body }) => code === 200 && json<{ pid: number }>(body).pid !== first)
  await reads.more(5)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  await running.record('the reason', (record) => /memory/.test(JSON.stringify(record)))
  const { api: worker } = (await status(running)).workers
  assert.deepEqual(worker?.deaths, [])
})

test('58: a worker that has become too old is replaced, and no request notices', async (t) => {
  const running = await (await gateway(t, { toml: `${api}max_age = "3s"\n`, files })).ready()
  const first = await pidOf(running, 'api')
  const reads = load(t, { url: `${running.url}/api/`, keepAlive: true })
  await reads.saw(({ status: code, body }) => code === 200 && json<{ pid: number }>(body).pid !== first)
  await reads.stop()
  assert.deepEqual(reads.failed, [])
  assert.deepEqual((await status(running)).workers['api']?.deaths, [])
})
