import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { json } from '../support/http.ts'

for (const transport of ['unix', 'tcp']) {
  test(`Streamlit over ${transport} sees the handshake as the browser made it`, async (t) => {
    const chromium = await browser(t)
    const running = await gateway(t, {
      toml: '[workers.ui]\nscript = "headers.py"\n',
      files: { 'headers.py': app('headers.py') },
      env: { FLUXLIT_WORKERS_UI_TRANSPORT: transport },
    })
    const { url } = await running.ready()
    const page = await openPage(chromium)
    // Playwright does not show the headers of a 101; the browser's own protocol does.
    const protocol = await page.context().newCDPSession(page)
    await protocol.send('Network.enable')
    const answered = new Promise<Record<string, string>>((resolve) => {
      protocol.once('Network.webSocketHandshakeResponseReceived', ({ response }) => resolve(response.headers))
    })

    await page.goto(url)
    const shown = page.getByText('x-request-id')
    await shown.waitFor()
    const inScript = json<Record<string, string>>((await page.locator('code').textContent()) ?? '')
    const onResponse = Object.entries(await answered).find(
      ([name]) => name.toLowerCase() === 'x-request-id',
    )?.[1]

    assert.match(inScript['x-request-id'] ?? '', /^[A-Za-z0-9._-]{1,64}$/)
    assert.equal(onResponse, inScript['x-request-id'])
    assert.equal(inScript['host'], new URL(url).host)
    assert.equal(inScript['x-forwarded-for'], '127.0.0.1')
    assert.equal(inScript['x-forwarded-proto'], 'http')
    assert.match(inScript['sec-websocket-protocol'] ?? '', /^streamlit, ?\S+/)
  })
}
