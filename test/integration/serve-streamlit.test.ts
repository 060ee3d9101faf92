import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'

const toml = '[workers.ui]\nscript = "headers.py"\n'

for (const transport of ['unix', 'tcp']) {
  test(`what Streamlit over ${transport} answers arrives, except what nobody outside should see`, async (t) => {
    const running = await gateway(t, {
      toml,
      files: { 'headers.py': app('headers.py'), '.streamlit/config.toml': '[server]\nmaxUploadSize = 1\n' },
      env: { FLUXLIT_WORKERS_UI_TRANSPORT: transport },
    })
    const { url } = await running.ready()

    await t.test('health is its own answer, with the cookie that uploads need', async () => {
      const health = await ask(`${url}/_stcore/health`)
      assert.equal(health.status, 200)
      assert.equal(health.body, 'ok')
      assert.match(String(health.headers['set-cookie']), /_streamlit_xsrf=/)
    })

    await t.test('metrics and the script check are not there', async () => {
      for (const path of ['/_stcore/metrics', '/_stcore/script-health-check', '/%5fstcore/metrics']) {
        assert.equal((await ask(url + path)).status, 404, path)
      }
    })

    await t.test('a missing file of the page is not the page', async () => {
      assert.equal((await ask(`${url}/static/js/main.0123.js`)).status, 404)
    })

    await t.test('a deep link is the page, its health check is not', async () => {
      assert.match((await ask(`${url}/report`)).body, /<div id="root">/)
      assert.equal((await ask(`${url}/report/_stcore/health`)).status, 404)
    })

    await t.test('the upload limit of Streamlit’s own configuration holds', async () => {
      const path = `${url}/_stcore/upload_file/session/file`
      const headers = { 'content-length': 3 * 1024 * 1024, 'content-type': 'multipart/form-data; boundary=x' }
      const large = await ask(path, { method: 'PUT', headers, body: Buffer.alloc(3 * 1024 * 1024) })
      assert.equal(large.status, 413)
    })

    await t.test('an upload without the cookie is refused by Streamlit', async () => {
      const answer = await ask(`${url}/_stcore/upload_file/session/file`, { method: 'PUT', body: 'x' })
      assert.equal(answer.status, 403)
    })
  })
}
