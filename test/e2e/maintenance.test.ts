import assert from 'node:assert/strict'
import { test } from 'node:test'

import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { verb } from '../support/verb.ts'

const script = `import streamlit as st
st.title("Orders")
name = st.text_input("Your name")
if name:
    st.write(f"Good to see you, {name}!")
`
const toml = '[workers.ui]\nscript = "orders.py"\n[state]\ndir = "state"\n'
const message = 'We are moving the shop. Back at noon.'

test('a person in a Streamlit page reads the message of the operator, and goes on afterwards', async (t) => {
  const chromium = await browser(t)
  const running = await (await gateway(t, { toml, files: { 'orders.py': script } })).ready()
  const page = await openPage(chromium)
  await page.goto(running.url)
  const field = page.getByLabel('Your name')
  await field.fill('Ada')
  await field.press('Enter')
  await page.getByText('Good to see you, Ada!').waitFor()

  assert.equal((await verb(running, 'maintenance', 'on', '--message', message)).code, 0)
  await page.getByText(message).waitFor()
  const newcomer = await openPage(chromium)
  await newcomer.goto(running.url)
  await newcomer.getByRole('heading', { name: 'Maintenance' }).waitFor()
  await newcomer.getByText(message).waitFor()

  assert.equal((await verb(running, 'maintenance', 'off')).code, 0)
  await page.getByText(message).waitFor({ state: 'detached' })
  await field.fill('Grace')
  await field.press('Enter')
  await page.getByText('Good to see you, Grace!').waitFor()
})
