import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { run } from '../support/binary.ts'
import { browser, openPage } from '../support/browser.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'

test('a new project runs, and is worked on', async (t) => {
  const base = await freshDirectory(t)
  const made = await run(['new', 'shop'], { cwd: base })
  assert.equal(made.code, 0, made.stderr)
  const cwd = join(base, 'shop')
  const running = await gateway(t, { verb: 'dev', detect: true, cwd })
  const { url } = running
  const edit = async (from: string, to: string): Promise<void> => {
    const path = join(cwd, 'app.py')
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(from, to))
  }
  const shown = (what: RegExp): Promise<unknown> =>
    running.record(String(what), ({ text }) => typeof text === 'string' && what.test(text))
  await shown(/^ {2}ui +ready in/)
  const chromium = await browser(t)
  const page = await openPage(chromium)

  await t.test('its page shows what the API has, and adds to it', async () => {
    await page.goto(url)
    await page.getByText('Change app.py and watch the page').waitFor()
    await page.getByLabel('What is to be done?').fill('Buy tea')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('Buy tea').waitFor()
    assert.match((await ask(`${url}/api/tasks`)).body, /"Buy tea"/)
  })

  await t.test('an edit of the one file reaches the API and the open page', async () => {
    await edit('"Tasks"', '"Chores"')
    await edit('"Change app.py and watch the page"', '"It was changed"')
    await eventually('the new answer', async () =>
      (await ask(`${url}/api/tasks`)).body.includes('It was changed'),
    )
    await page.getByRole('button', { name: 'Rerun', exact: true }).click()
    await page.getByRole('heading', { name: 'Chores' }).waitFor()
    await page.getByText('It was changed').waitFor()
  })

  await t.test('an edit while nobody looks reaches who comes next', async () => {
    await page.goto('about:blank')
    await eventually('the socket has closed', async () => {
      const { stdout } = await run(['status', '--json'], { cwd })
      return /"websockets": 0[^]*"websockets": 0/.test(stdout)
    })
    await edit('"Chores"', '"Errands"')
    await shown(/app\.py changed: restarting api/)
    await eventually('the new page', async () => {
      await page.goto(url)
      await page.getByText('It was changed').waitFor()
      return page.getByRole('heading', { name: 'Errands' }).isVisible()
    })
  })

  await t.test('an edit that does not import is told with its line, and the API stays', async () => {
    await edit('from pydantic', 'from nowhere')
    await shown(/not restarted, nothing was changed: .*nowhere.*app\.py:6/)
    assert.equal((await ask(`${url}/api/tasks`)).status, 200)
    await edit('from nowhere', 'from pydantic')
  })
})
