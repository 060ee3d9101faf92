import { test } from 'node:test'

import type { Page } from 'playwright-core'

import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { strippingProxy } from '../support/stripping-proxy.ts'

/** What a person does with a site of two pages at `base`. */
async function visit(page: Page, base: string): Promise<void> {
  await page.goto(`${base}/report`)
  await page.getByRole('heading', { name: 'Report' }).waitFor()
  await page.getByText('Figures for 2024').waitFor()

  // A select box of Streamlit is an input whose options open below it.
  await page.getByRole('combobox').click()
  await page.getByRole('option', { name: '2026' }).click()
  await page.getByText('Figures for 2026').waitFor()

  await page.reload()
  await page.getByRole('heading', { name: 'Report' }).waitFor()

  await page.goto(`${base}/`)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.getByRole('link', { name: 'Open the report' }).click()
  await page.getByRole('heading', { name: 'Report' }).waitFor()
  await page.waitForURL(`${base}/report`)
}

for (const transport of ['unix', 'tcp']) {
  test(`a second page has an address of its own, over ${transport}`, async (t) => {
    const chromium = await browser(t)
    const env = { FLUXLIT_WORKERS_UI_TRANSPORT: transport }

    await t.test('at the root of the host', async (s) => {
      const { url } = await (await gateway(s, { from: 'examples/multipage', env })).ready()
      await visit(await openPage(chromium), url)
    })

    await t.test('below a root path', async (s) => {
      const below = { ...env, FLUXLIT_ROOT_PATH: '/tools' }
      const { url } = await (await gateway(s, { from: 'examples/multipage', env: below })).ready()

      await s.test('that reaches the gateway', async () => {
        await visit(await openPage(chromium), `${url}/tools`)
      })

      await s.test('that a proxy in front removes', async () => {
        const proxy = await strippingProxy(s, '/tools', url)
        await visit(await openPage(chromium), `${proxy.url}/tools`)
      })
    })
  })
}
