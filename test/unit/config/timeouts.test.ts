import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load, loadValid, problemLines, project } from './project.ts'

const api = '[workers.api]\nkind = "uvicorn"\nurl = "http://127.0.0.1:9000"\n'
const ui = '[workers.ui]\nkind = "streamlit"\nurl = "http://127.0.0.1:9001"\n'
const general = '[timeouts]\nconnect = "2s"\nwebsocket_idle = "1h"\n'

test("a worker's own limits replace the general ones key by key", async (t) => {
  const own = 'timeouts = { response_headers = "20s", websocket_idle = "0s" }\n'
  const { config, report } = loadValid(await project(t, { 'fluxlit.toml': api + own + ui + general }), {
    env: { FLUXLIT_WORKERS_API_TIMEOUTS_RESPONSE_IDLE: '250ms' },
  })
  const common = {
    connectMs: 2_000,
    responseHeadersMs: 300_000,
    responseIdleMs: 0,
    websocketIdleMs: 3_600_000,
  }
  assert.deepEqual(config.workerTimeouts, {
    api: { connectMs: 2_000, responseHeadersMs: 20_000, responseIdleMs: 250, websocketIdleMs: 0 },
    ui: common,
  })
  assert.deepEqual(
    [config.timeouts.responseHeadersMs, config.timeouts.responseIdleMs, config.timeouts.websocketIdleMs],
    [300_000, 0, 3_600_000],
  )
  assert.deepEqual(report.values.get('workers.api.timeouts.response_headers'), {
    value: '20s',
    origin: 'fluxlit.toml:4',
  })
  assert.deepEqual(report.values.get('workers.api.timeouts.response_idle'), {
    value: '250ms',
    origin: 'environment FLUXLIT_WORKERS_API_TIMEOUTS_RESPONSE_IDLE',
  })
})

test('who is not asked over a connection has none', async (t) => {
  const files = '[workers.files]\nroot = "."\nmount = "/files"\n'
  const queue = '[workers.queue]\nkind = "process"\ncommand = ["celery"]\n'
  const { config } = loadValid(await project(t, { 'fluxlit.toml': files + queue }))
  assert.deepEqual(config.workerTimeouts, {})
  const timeouts = 'timeouts = { connect = "1s" }\n'
  const refused = load(await project(t, { 'fluxlit.toml': files + timeouts + queue + timeouts }))
  assert.deepEqual(problemLines(refused), [
    'fluxlit.toml:4: [key_without_meaning] `timeouts` of worker `files` has no meaning for kind "static"',
    'fluxlit.toml:8: [key_without_meaning] `timeouts` of worker `queue` has no meaning for kind "process"',
  ])
})

test('what concerns clients is no limit of a worker', async (t) => {
  const toml = `${api}timeouts = { hold = "1s", connect = "soon" }\n`
  assert.deepEqual(problemLines(load(await project(t, { 'fluxlit.toml': toml }))), [
    'fluxlit.toml:4: [bad_value] `workers.api.timeouts.connect` must be a duration such as "30s", "500ms" or "5m" ("0s" = off), found "soon"',
    'fluxlit.toml:4: [unknown_key] unknown key `hold` in [workers.api.timeouts]',
  ])
})
