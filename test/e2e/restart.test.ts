import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import type { Page } from 'playwright-core'

import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { pidOf, verb } from '../support/verb.ts'

/** Seconds from the start of the process to its first answer, once there is a file `slow`. */
const slowImportSeconds = 25

// Python runs it before everything else; of the processes of a worker only the one that serves is slow.
const sitecustomize = `import os, sys, time
if os.path.exists("slow") and "streamlit" in sys.orig_argv:
    time.sleep(${slowImportSeconds})
`

const script = `import os
import streamlit as st
st.title("Orders")
st.text(f"served by {os.getpid()}")
name = st.text_input("Your name")
if name:
    st.write(f"Good to see you, {name}!")
`

const toml = '[workers.ui]\nscript = "orders.py"\nenv = { PYTHONPATH = "early" }\n'
const files = { 'orders.py': script, 'early/sitecustomize.py': sitecustomize }

test(
  'a person sees no "Connection error" while a killed Streamlit takes 25 s to start, and the widgets come back',
  { timeout: 180_000 },
  async (t) => {
    const chromium = await browser(t)
    const running = await (await gateway(t, { toml, files })).ready()
    const page = await openPage(chromium)
    await page.goto(running.url)
    await page.getByText('served by').waitFor()
    await greet(page, 'Ada')
    const before = await pidOf(running, 'ui')
    await sample(page)

    await writeFile(join(running.directory, 'slow'), '')
    process.kill(before, 'SIGKILL')
    // A page that is not connected has its widgets disabled; a key pressed in a disabled one goes nowhere.
    await page.locator('input:disabled').waitFor()
    await greet(page, 'Grace')
    await page.getByText(`served by ${await pidOf(running, 'ui')}`).waitFor()
    await page.getByText(`served by ${before}`).waitFor({ state: 'detached' })
    const seen = await samples(page)
    assert.ok(seen.length > (slowImportSeconds * 10) / 2, `only ${seen.length} samples`)
    assert.deepEqual(
      seen.filter((text) => text.includes('Connection error')),
      [],
    )
  },
)

test(
  'a person goes on using the page through a deploy, and gets the new one',
  { timeout: 120_000 },
  async (t) => {
    const chromium = await browser(t)
    const running = await (await gateway(t, { toml, files })).ready()
    const page = await openPage(chromium)
    await page.goto(running.url)
    await greet(page, 'Ada')
    await sample(page)
    await writeFile(join(running.directory, 'orders.py'), script.replace('Orders', 'New orders'))
    const { code, stdout, stderr } = await verb(running, 'restart', 'ui')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /1 Streamlit session/)
    await greet(page, 'Grace')
    await page.getByRole('heading', { name: 'New orders' }).waitFor()
    assert.deepEqual(
      (await samples(page)).filter((text) => text.includes('Connection error')),
      [],
    )
  },
)

async function greet(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('Your name').press('Enter')
  await page.getByText(`Good to see you, ${name}!`).waitFor()
}

/** Takes down what the page shows, ten times a second. */
async function sample(page: Page): Promise<void> {
  await page.evaluate(`
    globalThis.samples = []
    setInterval(() => globalThis.samples.push(document.body.innerText), 100)
  `)
}

/** What was taken down; empty when the page was loaded anew meanwhile. */
async function samples(page: Page): Promise<readonly string[]> {
  const taken: unknown = await page.evaluate('globalThis.samples ?? []')
  return Array.isArray(taken) ? taken.map(String) : []
}
