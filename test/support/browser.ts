import { accessSync, constants } from 'node:fs'

import { chromium } from 'playwright-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

import type { Cleanup } from './cleanup.ts'

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A Chromium with an empty profile, closed after the test. `CHROMIUM` names another executable. @param more flags */
export async function browser(t: Cleanup, more: readonly string[] = []): Promise<Browser> {
  const args = [...flags, ...more]
  const running = await chromium.launch({ executablePath: executable(), args, headless: true })
  t.after(() => running.close())
  return running
}

/** A page of a fresh profile, with Streamlit's slowest first run in mind. */
export async function openPage(running: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await running.newContext({ acceptDownloads: true, ...options })
  context.setDefaultTimeout(60_000)
  return context.newPage()
}

function executable(): string {
  const named = process.env['CHROMIUM']
  const found = (named === undefined ? candidates : [named]).find(runs)
  if (found === undefined) throw new Error(`no Chromium (looked for ${named ?? candidates.join(', ')})`)
  return found
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
