import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { python } from '../support/python.ts'

// A real Streamlit whose start the test can hold back.
const slowly = `until [ -e go ]; do sleep 0.05; done
exec "$0" -m streamlit run app.py --server.address 127.0.0.1 --server.port {port} --server.headless true \
--browser.gatherUsageStats false --server.fileWatcherType none`

const toml = `[workers.ui]
kind = "http"
mount = "/"
ready_path = "/_stcore/health"
command = ["sh", "-c", ${JSON.stringify(slowly)}, ${JSON.stringify(python())}]
`

test('a browser that comes too early gets the waiting page, then the app, by itself', async (t) => {
  const chromium = await browser(t)
  const page = await openPage(chromium)
  const files = { 'app.py': 'import streamlit as st\nst.title("Here at last")\n' }
  const running = await gateway(t, { toml, files })

  const response = await page.goto(running.url)
  assert.equal(response?.status(), 503)
  assert.match((await response?.headerValue('retry-after')) ?? '', /^\d+$/)
  await page.getByRole('heading', { name: 'Starting' }).waitFor()

  await writeFile(join(running.directory, 'go'), '')
  await page.getByRole('heading', { name: 'Here at last' }).waitFor()
})
