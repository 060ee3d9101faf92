import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'

const app = `from fluxlit import FluxLit
from words import WORD

app = FluxLit(title="Shop")


@app.api.get("/word")
def word():
    return WORD


@app.page("/")
def home(st, client):
    st.title(f"page says {WORD}")
    st.write("API says " + client.get("/word").json())
`

test('an application object in development', async (t) => {
  const files = { 'app.py': app, 'words.py': 'WORD = "first"\n' }
  const running = await gateway(t, { verb: 'dev', detect: true, files })
  const { url, directory } = running
  const page = await openPage(await browser(t))
  const restarted = async (generation: number): Promise<void> => {
    const said = `worker ready generation=${generation}`
    await running.record(said, ({ text }) => String(text).includes(`api ${said}`))
  }

  await t.test('an edit is in the page and in the API when the page is loaded again', async () => {
    await page.goto(url)
    await page.getByText('page says first').waitFor()
    await writeFile(join(directory, 'words.py'), 'WORD = "the second"\n')
    await restarted(2)
    await page.reload()
    await page.getByText('page says the second').waitFor()
    await page.getByText('API says the second').waitFor()
  })

  await t.test('an edit that was made while nobody looked is there too', async () => {
    await page.goto('about:blank')
    await writeFile(join(directory, 'words.py'), 'WORD = "a third one"\n')
    await restarted(3)
    await page.goto(url)
    await page.getByText('page says a third one').waitFor()
  })

  await t.test('a signature no page can have is shown with its line, and the API goes on', async () => {
    const wrong = (await readFile(join(directory, 'app.py'), 'utf8')).replace(
      '(st, client)',
      '(st, client, rows)',
    )
    await writeFile(join(directory, 'app.py'), wrong)
    await running.record('the mistake', ({ text }) =>
      /nothing is known about `rows`.*app\.py:12/.test(String(text)),
    )
    await page.reload()
    await page.getByText('nothing is known about `rows`').first().waitFor()
    assert.equal((await ask(`${url}/api/word`)).body, '"a third one"')
  })

  await t.test('and the page is back when it is put right', async () => {
    await writeFile(join(directory, 'app.py'), app.replace('page says', 'the page now says'))
    await page.reload()
    await page.getByText('the page now says a third one').waitFor()
  })
})

test('a mistake in a page ends the first start with its line', async (t) => {
  const files = { 'app.py': app.replace('"/")', '"/a/b")'), 'words.py': 'WORD = "x"\n' }
  const { code, output } = await (
    await gateway(t, { detect: true, files })
  ).exited.then(({ code: status, stdout, stderr }) => ({
    code: status,
    output: stdout + stderr,
  }))
  assert.equal(code, 1)
  assert.match(output, /'\/a\/b' is no path of a page.*\(app\.py:12\)/)
})
