import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { probe } from '../../internal/worker/probe.ts'
import { streamlit } from '../fixtures/worker/configs.ts'
import { apps, get, startedReady, testRoom, worker } from '../fixtures/worker/room.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'

const path = '/_stcore/script-health-check'
const toml = `[workers.ui]\nscript = "ui.py"\nready_path = "${path}"\nready_timeout = "5m"\nprobe_timeout = "30s"\n`
const script = `from pathlib import Path
import streamlit as st
st.write("before")
print("run", flush=True)
if not Path("database").exists():
    raise RuntimeError("no database")
`
const env = { STREAMLIT_SERVER_SCRIPT_HEALTH_CHECK_ENABLED: 'true' }

test('18: with the script as its health check, Streamlit is ready when the script runs without an exception', async (t) => {
  const running = await gateway(t, { toml, files: { 'ui.py': script }, env })
  // The second run begins after the first one was answered, which was therefore not good enough.
  let runs = 0
  await running.record('two runs', (line) => line['msg'] === 'run' && (runs += 1) === 2)
  await running.record('exception', (line) => /RuntimeError: no database/.test(String(line['msg'])))
  const before = await ask(`${running.url}/__fluxlit/readyz`)
  assert.equal(before.status, 503)
  const { workers } = json<{ workers: Record<string, { state: string }> }>(before.body)
  assert.equal(workers['ui']?.state, 'starting')
  await writeFile(join(running.directory, 'database'), '')
  await running.ready()
  assert.equal((await ask(`${running.url}/__fluxlit/readyz`)).status, 200)
})

for (const transport of ['unix', 'tcp'] as const) {
  test(`18: the page that Streamlit over ${transport} answers for a check that is off never counts as ready`, async (t) => {
    const { address } = await startedReady(worker(t, streamlit(apps, { transport }), await testRoom(t)))
    assert.ok(address !== null)
    const page = await get(address, path)
    assert.equal(page.status, 200)
    assert.match(page.body, /<div id="root">/)
    const result = await probe({ kind: 'streamlit', address, path, timeoutMs: 30_000 })
    assert.ok(!result.ok)
    assert.match(result.reason, /^status 200 with text\/html/)
  })
}
