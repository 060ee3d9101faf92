import assert from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { json } from '../support/http.ts'
import { freshPair, tlsTable } from '../support/tls.ts'

test('a person who asked for http uses the apps over https, also while the certificate changes', async (t) => {
  const chromium = await browser(t)
  const pair = await freshPair(t)
  const running = await gateway(t, {
    from: 'examples/quickstart',
    env: {
      FLUXLIT_TLS_CERT_FILE: pair.cert,
      FLUXLIT_TLS_KEY_FILE: pair.key,
      FLUXLIT_TLS_REDIRECT_FROM: '127.0.0.1:0',
    },
  })
  const { url } = await running.ready()
  const { url: plain } = await running.record('redirecting', ({ msg }) => msg === 'redirecting')
  const page = await openPage(chromium, { ignoreHTTPSErrors: true })
  const sockets: string[] = []
  page.on('websocket', (socket) => sockets.push(new URL(socket.url()).origin))

  await page.goto(String(plain))
  await page.getByText('Hello from FastAPI').waitFor()
  assert.equal(new URL(page.url()).origin, url)
  assert.deepEqual(sockets, [running.socketUrl])

  const renewed = await freshPair(t, 'renewed.example')
  await copyFile(renewed.cert, pair.cert)
  await copyFile(renewed.key, pair.key)
  await running.record('the renewal', ({ msg }) => String(msg).startsWith('certificate replaced'))
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Your name').press('Enter')
  await page.getByText('Good to see you, Ada!').waitFor()
  assert.equal(sockets.length, 1)

  const file = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('one two\nthree\n') }
  await page.locator('input[type=file]').setInputFiles(file)
  await page.getByText('notes.txt: 3 words, 2 lines').waitFor()
})

test('Streamlit knows that its page came over https', async (t) => {
  const chromium = await browser(t)
  const running = await gateway(t, {
    toml: `[workers.ui]\nscript = "headers.py"\n${tlsTable(await freshPair(t))}`,
    files: { 'headers.py': app('headers.py') },
  })
  const { url } = await running.ready()
  const page = await openPage(chromium, { ignoreHTTPSErrors: true })
  await page.goto(url)
  await page.getByText('x-request-id').waitFor()
  const seen = json<Record<string, string>>((await page.locator('code').textContent()) ?? '')
  assert.deepEqual(
    [seen['x-forwarded-proto'], seen['origin'], seen['host']],
    ['https', url, new URL(url).host],
  )
})
