import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { json } from '../support/http.ts'

for (const transport of ['unix', 'tcp']) {
  test(`a person uses the quickstart over ${transport}`, async (t) => {
    const chromium = await browser(t)
    const env = { FLUXLIT_WORKERS_API_TRANSPORT: transport, FLUXLIT_WORKERS_UI_TRANSPORT: transport }
    const { url } = await (await gateway(t, { from: 'examples/quickstart', env })).ready()
    const page = await openPage(chromium)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`)
    })

    await t.test('the page loads and shows what the API said', async () => {
      await page.goto(url)
      await page.getByRole('heading', { name: 'FluxLit quickstart' }).waitFor()
      await page.getByText('Hello from FastAPI').waitFor()
      assert.equal(await page.title(), 'FluxLit quickstart')
    })

    await t.test('a widget makes the round trip', async () => {
      await page.getByLabel('Your name').fill('Ada')
      await page.getByLabel('Your name').press('Enter')
      await page.getByText('Good to see you, Ada!').waitFor()
    })

    await t.test('a form reaches the API through the gateway', async () => {
      await page.getByLabel('Item', { exact: true }).fill('Tea')
      await page.getByRole('button', { name: 'Add item' }).click()
      await page.getByText('Added number 3: Tea').waitFor()
    })

    await t.test('an uploaded file is read by the script', async () => {
      const file = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('one two\nthree\n') }
      await page.locator('input[type=file]').setInputFiles(file)
      await page.getByText('notes.txt: 3 words, 2 lines').waitFor()
    })

    await t.test('a download has the content the script gave it', async () => {
      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download items' }).click()
      const file = await download
      assert.equal(file.suggestedFilename(), 'items.csv')
      const expected = 'id,name,price\n1,Coffee,3.5\n2,Croissant,2.2\n3,Tea,1.0\n'
      assert.equal(await readFile(await file.path(), 'utf8'), expected)
    })

    await t.test('the page comes back after a reload', async () => {
      await page.reload()
      await page.getByText('Hello from FastAPI').waitFor()
      await page.getByLabel('Your name').fill('Grace')
      await page.getByLabel('Your name').press('Enter')
      await page.getByText('Good to see you, Grace!').waitFor()
    })

    // The assets of Swagger UI come from a CDN, which a test machine does not reach. So: the page names the
    // right schema, the schema names the right server, and the request its "Try it out" would send succeeds.
    await t.test('the API documentation leads to requests that work', async () => {
      const docs = await page.request.get(`${url}/api/docs`)
      const schemaPath = /url: '([^']+)'/.exec(await docs.text())?.[1] ?? ''
      const schema = json<{ servers: readonly { url: string }[]; info: { title: string } }>(
        await page.evaluate(async (path) => (await fetch(path)).text(), schemaPath),
      )
      assert.equal(schema.info.title, 'Quickstart API')
      const answer = await page.evaluate(async (items) => {
        const headers = { 'content-type': 'application/json' }
        const body = JSON.stringify({ name: 'Scone', price: 2.5 })
        const response = await fetch(items, { method: 'POST', headers, body })
        return `${response.status} ${await response.text()}`
      }, `${schema.servers[0]?.url}/items`)
      assert.equal(answer, '201 {"name":"Scone","price":2.5,"id":4}')
    })

    assert.deepEqual(complaints, [])
  })
}
