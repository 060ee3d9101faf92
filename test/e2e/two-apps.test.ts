import { test } from 'node:test'

import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'

test('two Streamlit apps live on one host, each with its own state', async (t) => {
  const chromium = await browser(t)
  const { url } = await (await gateway(t, { from: 'examples/two-apps' })).ready()
  const sales = await openPage(chromium)
  const stock = await openPage(chromium)

  await sales.goto(url)
  await sales.getByRole('heading', { name: 'Sales' }).waitFor()
  await sales.getByText('Total: 16').waitFor()

  // Without its slash too: that is what people type.
  await stock.goto(`${url}/stock`)
  await stock.getByRole('heading', { name: 'Stock' }).waitFor()
  await stock.getByText('Total: 102').waitFor()

  await stock.getByRole('slider').press('ArrowRight')
  await stock.getByText('Total: 62').waitFor()
  await sales.getByText('Total: 16').waitFor()
})
