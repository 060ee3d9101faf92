import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { browser, openPage } from '../support/browser.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { gateway } from '../support/gateway.ts'
import { upstream } from '../support/upstream.ts'

/** A portal of another site, whose only page shows the app in a frame. */
async function portal(t: Cleanup, framed: () => string): Promise<string> {
  const { port } = await upstream(t, (_request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(`<!doctype html><iframe src="${framed()}" width="900" height="600"></iframe>`)
  })
  return `http://localhost:${port}`
}

test('a Streamlit page works in a frame of another site, unless the configuration says no', async (t) => {
  const chromium = await browser(t)
  let shown = ''
  const outside = await portal(t, () => shown)
  const serve = async (headers: string): Promise<void> => {
    const toml = `[workers.ui]\nscript = "headers.py"\n[headers]\n${headers}\n`
    const running = await gateway(t, { toml, files: { 'headers.py': app('headers.py') } })
    shown = (await running.ready()).url
  }

  for (const headers of ['', `frame_ancestors = ["'self'", "${outside}"]`])
    await t.test(headers === '' ? 'by default' : 'of a site that is named', async () => {
      await serve(headers)
      const page = await openPage(chromium)
      await page.goto(outside)
      // What the script shows comes over the socket.
      await page.frameLocator('iframe').getByText('x-request-id').waitFor()
    })

  for (const headers of ['frame_options = "sameorigin"', `frame_ancestors = ["'self'"]`])
    await t.test(`not with ${headers}`, async () => {
      await serve(headers)
      const page = await openPage(chromium)
      const refusal = page.waitForEvent('console', (message) => message.type() === 'error')
      await page.goto(outside)
      assert.match((await refusal).text(), /X-Frame-Options|frame-ancestors/)
      assert.equal(await page.frameLocator('iframe').getByText('x-request-id').count(), 0)
    })
})
