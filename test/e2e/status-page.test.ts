import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Page } from 'playwright-core'

import { app } from '../support/apps.ts'
import { browser, openPage } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { pidOf, verb } from '../support/verb.ts'

const markup = '<img src=x onerror=document.title=1>'
const boom = '\n@app.get("/boom")\ndef boom():\n    raise ValueError("<b>no such order</b>")\n'
const toml = `[workers.api]
app = "api:app"
[workers.queue]
kind = "process"
command = ["sh", "-c", 'echo "${markup}"; exec sleep 100000']
required = false
[workers.api.env]
API_TOKEN = "s3cr3t"
`

/** Opens the page and collects what a browser would complain about, and whom the page asks. */
async function opened(
  page: Page,
  url: string,
): Promise<{ readonly complaints: string[]; readonly asked: Set<string> }> {
  const complaints: string[] = []
  const asked = new Set<string>()
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => asked.add(new URL(request.url()).origin))
  await page.goto(`${url}/`)
  await card(page, 'api').waitFor()
  return { complaints, asked }
}

const card = (page: Page, worker: string) => page.locator(`[data-worker="${worker}"]`)

/** The picture of the first plot of a worker, as it was drawn. */
const drawn = (page: Page): Promise<unknown> =>
  page.evaluate(`document.querySelector('[data-worker="api"] canvas').toDataURL()`)

/** What has the focus, in one word. */
const focused = (page: Page): Promise<unknown> =>
  page.evaluate(`(() => {
    const at = document.activeElement
    return at.id || at.className || at.tagName.toLowerCase()
  })()`)

test('the status page shows what happens while it happens', { timeout: 120_000 }, async (t) => {
  const chromium = await browser(t)
  const running = await (await gateway(t, { toml, files: { 'api.py': app('api.py') + boom } })).ready()
  const page = await openPage(chromium, { viewport: { width: 1280, height: 900 } })
  const { complaints, asked } = await opened(page, await running.adminUrl())

  await t.test('plots move with the traffic', async () => {
    await page.locator('[data-worker="api"] canvas').first().waitFor()
    const before = await drawn(page)
    for (let request = 0; request < 20; request += 1) await ask(`${running.url}/api/`)
    await eventually('another picture', async () => (await drawn(page)) !== before)
    await card(page, 'api').locator('dd', { hasText: /^20$/ }).waitFor()
  })

  await t.test('a worker that was killed appears, with why and how often', async () => {
    const killed = await pidOf(running, 'api')
    const at = Date.now()
    process.kill(killed, 'SIGKILL')
    await card(page, 'api').locator('.badge', { hasText: 'backing-off' }).waitFor()
    t.diagnostic(`the page told of it after ${Date.now() - at} ms`)
    await card(page, 'api').getByText('1 restart').click()
    await card(page, 'api')
      .getByText(/after .*: .*SIGKILL/)
      .waitFor()
    await card(page, 'api')
      .locator('.badge', { hasText: /^ready$/ })
      .waitFor()
    await card(page, 'api')
      .locator('dd', { hasText: new RegExp(`^${await pidOf(running, 'api')}$`) })
      .waitFor()
    await page.locator('#said', { hasText: 'worker api: ready' }).waitFor({ state: 'attached' })
  })

  await t.test('maintenance is on the card while it is on', async () => {
    const badge = card(page, 'api').locator('.badge', { hasText: 'maintenance' })
    await badge.waitFor({ state: 'hidden' })
    await verb(running, 'maintenance', 'on', 'api', '-m', markup)
    await badge.waitFor()
    await card(page, 'api').locator('.notice', { hasText: markup }).waitFor()
    await verb(running, 'maintenance', 'off')
    await badge.waitFor({ state: 'hidden' })
  })

  await t.test('what a worker writes is text, whatever it writes', async () => {
    await card(page, 'queue').getByText('Last lines of output').click()
    assert.equal(await card(page, 'queue').locator('pre').last().textContent(), markup)
    assert.equal(await page.locator('img').count(), 0)
  })

  await t.test('a request that failed is listed, and why', async () => {
    const answer = await ask(`${running.url}/api/boom?token=s3cr3t`)
    const id = String(answer.headers['x-request-id'])
    await page.getByRole('button', { name: id }).click()
    const told = page.locator('#why-answer')
    await told.getByText('500 by the worker itself').waitFor()
    await eventually('the traceback', async () => {
      await page.getByRole('button', { name: id }).click()
      return (await told.textContent())?.includes('ValueError: <b>no such order</b>')
    })
    assert.equal(await told.locator('b').count(), 0)
    await page.locator('#why-id').fill('nobody')
    await page.keyboard.press('Enter')
    await told.getByText('No request nobody is remembered').waitFor()
    assert.ok(!(await page.locator('body').innerText()).includes('s3cr3t'))
  })

  await t.test('the configuration says where values come from, and no secret', async () => {
    const rows = page.locator('#config-rows tr')
    await page.locator('#config-search').fill('api_token')
    await eventually('one row', async () => (await rows.count()) === 1)
    assert.equal(await rows.first().innerText(), 'workers.api.env.API_TOKEN\t"[redacted]"\tfluxlit.toml:8')
    await page.locator('#config-search').fill('drain.timeout')
    await eventually('no row', async () => (await rows.count()) === 0)
    await page.locator('#config-given').uncheck()
    await rows.getByText('default').waitFor()
  })

  await t.test('everything can be reached and read with the keyboard alone', async () => {
    await page.reload()
    await card(page, 'api').locator('.canvas').first().waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'skip')
    await page.keyboard.press('Enter')
    assert.equal(await focused(page), 'workers')
    const seen: unknown[] = []
    for (let step = 0; step < 60 && seen.at(-1) !== 'config-given'; step += 1) {
      await page.keyboard.press('Tab')
      seen.push(await focused(page))
    }
    for (const wanted of ['canvas', 'summary', 'why-id', 'config-search', 'config-given'])
      assert.ok(seen.includes(wanted), `${wanted} in ${seen.join(' ')}`)
    await card(page, 'api').locator('.canvas').first().focus()
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    await card(page, 'api')
      .locator('.at', { hasText: /^\d\d:\d\d:\d\d$/ })
      .first()
      .waitFor()
    await page.keyboard.press('Escape')
    await card(page, 'api').locator('.at').first().waitFor({ state: 'hidden' })
    await page.locator('#pause').focus()
    await page.keyboard.press('Space')
    await page.locator('#feed', { hasText: 'paused' }).waitFor()
    await page.keyboard.press('Space')
    await page.locator('#feed', { hasText: 'live' }).waitFor()
  })

  await t.test('on a phone nothing stands over, and in the dark it is dark', async () => {
    await page.setViewportSize({ width: 360, height: 740 })
    await page.emulateMedia({ colorScheme: 'dark' })
    const width = (): Promise<unknown> => page.evaluate('document.documentElement.scrollWidth')
    await eventually('all of it fits', async () => (await width()) === 360)
    assert.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(18, 20, 23)')
  })

  assert.deepEqual(complaints, [])
  assert.deepEqual([...asked], [await running.adminUrl()])

  await t.test('when the gateway is gone the page says so', async () => {
    await running.stop()
    await page.locator('#feed', { hasText: 'does not answer' }).waitFor()
  })
})
