import assert from 'node:assert/strict'
import { test } from 'node:test'

import { describeWorker } from '../../../internal/app/describe.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { loadValid, project, usualFiles } from '../config/project.ts'

const sdk = (): never => assert.fail('nothing of ours is started')

/** The command line that is advised for a worker that is run at a `url`. */
async function advised(t: Cleanup, kind: 'uvicorn' | 'streamlit', url: string): Promise<string> {
  const toml = `[workers.it]\nkind = "${kind}"\nurl = "${url}"\n`
  const { config } = loadValid(await project(t, { ...usualFiles, 'fluxlit.toml': toml }))
  const [worker] = config.workers
  assert.ok(worker !== undefined)
  const { advice } = await describeWorker(worker, { config, env: {}, bootstrapSource: '', sdk })
  return advice.find((line) => /^(uvicorn|streamlit) /.test(line)) ?? ''
}

test('an app beside the gateway is told where to listen, and that it may believe it', async (t) => {
  const line = await advised(t, 'uvicorn', 'http://127.0.0.1:8001')
  assert.match(line, /^uvicorn APP --host 127\.0\.0\.1 --port 8001 --forwarded-allow-ips 127\.0\.0\.1 /)
  assert.match(await advised(t, 'uvicorn', 'http://localhost:8001'), / --forwarded-allow-ips 127\.0\.0\.1 /)
  assert.match(
    await advised(t, 'uvicorn', 'http://[::1]:8001'),
    / --host ::1 --port 8001 --forwarded-allow-ips ::1 /,
  )
  assert.match(
    await advised(t, 'streamlit', 'http://127.0.0.1:8501'),
    /^streamlit run SCRIPT --server\.address 127\.0\.0\.1 --server\.port 8501 /,
  )
})

test('a client of a Unix socket has no address, so an app behind one believes everybody who may open it', async (t) => {
  const line = await advised(t, 'uvicorn', 'unix:/run/apps/a b.sock')
  assert.match(line, /^uvicorn APP --uds '\/run\/apps\/a b\.sock' --forwarded-allow-ips '\*' /)
  assert.match(
    await advised(t, 'streamlit', 'unix:/run/ui.sock'),
    /^streamlit run SCRIPT --server\.address unix:\/\/\/run\/ui\.sock /,
  )
})

test('what an app on another machine listens on, and whom it knows, is left to its operator', async (t) => {
  const line = await advised(t, 'uvicorn', 'http://api.example:8001')
  assert.match(line, /^uvicorn APP --forwarded-allow-ips GATEWAY_ADDRESS --http /)
  assert.match(
    await advised(t, 'streamlit', 'http://ui.example:8501'),
    /^streamlit run SCRIPT --server\.headless /,
  )
})
