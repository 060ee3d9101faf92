import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { rerun } from '../support/streamlit.ts'
import { pidOf, status } from '../support/verb.ts'

const trouble = app('trouble.py')
const files = { 'trouble.py': trouble }

/** Three questions within a second or two find a hang. */
const attentive = 'probe_interval = "200ms"\nprobe_timeout = "200ms"\nprobe_failures = 3\n'
const toml = `[workers.api]\napp = "trouble:app"\n${attentive}`

test('20: a blocked event loop is found, the log says where it hangs, and the worker comes back', async (t) => {
  const running = await (await gateway(t, { toml, files })).ready()
  const before = await pidOf(running, 'api')
  const stuck = ask(`${running.url}/api/stuck`, { method: 'POST' })
  const line = trouble.split('\n').findIndex((text) => text.includes('the line that is looked for')) + 1
  const place = new RegExp(`trouble\\.py:${line} in compute_report`)
  const report = await running.record('where it hangs', (record) => place.test(JSON.stringify(record)))
  assert.equal(report['worker'], 'api')
  assert.equal((await stuck).status, 502)
  assert.notEqual(await answering(running, before), before)
  const { api } = (await status(running)).workers
  assert.deepEqual([api?.restarts, api?.deaths.length], [1, 1])
  assert.match(api?.deaths[0]?.cause ?? '', /hung|hang|stuck/)
})

test('21: a stopped process is replaced', async (t) => {
  const running = await (await gateway(t, { toml, files })).ready()
  const before = await pidOf(running, 'api')
  process.kill(before, 'SIGSTOP')
  assert.notEqual(await answering(running, before), before)
  assert.equal(
    running.processes().some(({ pid }) => pid === before),
    false,
  )
})

test('22: one slow answer to a probe does not cost a worker its life', async (t) => {
  const running = await (await gateway(t, { toml, files })).ready()
  const before = await pidOf(running, 'api')
  for (let time = 0; time < 3; time += 1) {
    const nap = await ask(`${running.url}/api/nap?seconds=0.5`, { method: 'POST' })
    assert.equal(nap.status, 200)
  }
  const { api } = (await status(running)).workers
  assert.deepEqual([api?.pid, api?.deaths], [before, []])
})

test('22: a start that takes longer than a hang may is left alone', async (t) => {
  const slow = 'import time\ntime.sleep(4)\n'
  const running = await gateway(t, { toml, files: { 'trouble.py': slow + trouble } })
  await running.ready()
  const { api } = (await status(running)).workers
  assert.deepEqual([api?.generation, api?.restarts, api?.deaths], [1, 0, []])
})

test('23: a Streamlit script that computes for long is not a hang', async (t) => {
  const script = `import streamlit as st
from pathlib import Path
while not Path("enough").exists():
    sum(range(3_000_000))
    with open("rounds", "a") as rounds:
        rounds.write(".")
st.title("Done")
Path("done").touch()
`
  const running = await (
    await gateway(t, {
      toml: `[workers.ui]\nscript = "busy.py"\n${attentive.replace('= 3', '= 1')}`,
      files: { 'busy.py': script },
    })
  ).ready()
  const before = await pidOf(running, 'ui')
  const session = new WebSocket(`${running.socketUrl}/_stcore/stream`, ['streamlit'])
  await once(session, 'open')
  t.after(() => session.terminate())
  session.send(rerun)
  const file = (name: string): Promise<string> => readFile(join(running.directory, name), 'utf8')
  // Far longer than probe_interval and probe_timeout together.
  await eventually('it has computed for long', async () => (await file('rounds')).length >= 60)
  await writeFile(join(running.directory, 'enough'), '')
  await eventually('the script has ended', async () => (await file('done')) === '')
  const ui = await eventually('it is ready', async () => {
    const { workers } = await status(running)
    return workers['ui']?.state === 'ready' ? workers['ui'] : undefined
  })
  assert.deepEqual([ui.pid, ui.deaths, ui.restarts], [before, [], 0])
})

/** The process that answers, once it is another one. */
function answering(running: Gateway, previous: number): Promise<number> {
  return eventually('another process answers', async () => {
    const answer = await ask(`${running.url}/api/`)
    const pid = answer.status === 200 ? json<{ pid: number }>(answer.body).pid : previous
    return pid === previous ? undefined : pid
  })
}
