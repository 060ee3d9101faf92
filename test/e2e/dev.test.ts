import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { browser, openPage } from '../support/browser.ts'
import { binary, finished, run } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway, GatewayOptions } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { python, virtualEnvironment } from '../support/python.ts'

const toml = '[workers.api]\napp = "main:app"\n[workers.ui]\nscript = "streamlit_app.py"\n'
const ui = 'import streamlit as st\nst.title("Page one")\n'

/** An API whose root says `word`; `before` stands above it. */
function api(word: string, before = ''): string {
  return `from fastapi import FastAPI
${before}
app = FastAPI()

@app.get("/")
def root():
    return {"word": "${word}"}

@app.get("/die")
def die():
    import os
    os._exit(3)
`
}

/** Starts `fluxlit dev` on an API and a page. */
function develop(t: TestContext, main: string, options: GatewayOptions = {}): Promise<Gateway> {
  return gateway(t, { verb: 'dev', toml, files: { 'main.py': main, 'streamlit_app.py': ui }, ...options })
}

/** Replaces a file of the project. */
function edit(running: Gateway, name: string, text: string): Promise<void> {
  return writeFile(join(running.directory, name), text)
}

/** Resolves once this stands in the terminal. */
function shown(running: Gateway, what: RegExp): Promise<unknown> {
  return running.record(String(what), ({ text }) => typeof text === 'string' && what.test(text))
}

test('while somebody works on the API', async (t) => {
  const running = await develop(t, api('one'))
  const root = `${running.url}/api/`
  const word = async (): Promise<string> => (await ask(root)).body

  await t.test('a banner says where everything is and on what it runs', async () => {
    await shown(running, /^ {2}Health +http/)
    await shown(running, /^ {2}api +ready in \d+\.\d s {2}Python \d.*, FastAPI \d.*, Uvicorn \d/)
    await shown(running, /^ {2}ui +ready in \d+\.\d s {2}Python \d.*, Streamlit \d/)
    assert.ok(running.output.includes(`${running.url}/api/docs`))
    assert.equal(await word(), '{"word":"one"}')
  })

  await t.test('an edit goes live and no request fails meanwhile', async () => {
    await edit(running, 'main.py', api('two'))
    const answers = new Set<string>()
    await eventually('the new answer', async () => {
      const { status, body } = await ask(root)
      answers.add(`${status} ${body}`)
      return body.includes('two')
    })
    assert.deepEqual([...answers], ['200 {"word":"one"}', '200 {"word":"two"}'])
    await shown(running, /main\.py changed: restarting api/)
  })

  await t.test(
    'a syntax error is shown, what ran before still answers, the correction goes live',
    async () => {
      await edit(running, 'main.py', `def (\n${api('broken')}`)
      await shown(running, /not restarted, nothing was changed: .*main\.py:1/)
      assert.equal(await word(), '{"word":"two"}')
      await edit(running, 'main.py', api('three'))
      await eventually('the corrected answer', async () => (await word()).includes('three'))
    },
  )

  await t.test('another page is left to Streamlit', async () => {
    const before = running.output.length
    await edit(running, 'streamlit_app.py', ui.replace('one', 'two'))
    await edit(running, 'main.py', api('four'))
    await eventually('the next answer', async () => (await word()).includes('four'))
    const said = running.output.slice(before)
    assert.ok(!/restarting.*\bui\b|streamlit_app\.py/.test(said), 'Streamlit was restarted')
  })

  await t.test('a variable in .env reaches the API', async () => {
    const reading = 'import os'
    const main = api('five', reading).replace('"word": "five"', '"word": os.environ.get("WORD")')
    await edit(running, 'main.py', main)
    await eventually('the variable is read', async () => (await word()) === '{"word":null}')
    await edit(running, '.env', 'WORD=from-env\n')
    await eventually('the variable is there', async () => (await word()).includes('from-env'))
  })
})

test('an API that cannot be imported is explained in the browser, until it can', async (t) => {
  const chromium = await browser(t)
  const page = await openPage(chromium)
  const running = await develop(t, api('never', 'import report'))
  await edit(running, 'report.py', 'rows = []\nfirst = rows[0]\n')
  const address = `${running.url}/api/`

  await t.test('the page names the cause, the file and the line', async () => {
    await eventually('the import has failed', async () => {
      const response = await page.goto(address)
      return response?.status() === 503 && (await page.content()).includes('IndexError')
    })
    await page.getByText('api is not running').waitFor()
    await page.getByRole('heading', { name: 'report.py:2', level: 2 }).waitFor()
    assert.match(await page.locator('mark').innerText(), /2\s*first = rows\[0\]/)
  })

  await t.test('the interface is served all the while', async () => {
    const other = await openPage(chromium)
    await other.goto(running.url)
    await other.getByRole('heading', { name: 'Page one' }).waitFor()
  })

  await t.test('after the correction the page continues by itself', async () => {
    await edit(running, 'report.py', 'rows = []\nfirst = None\n')
    await page.getByText('{"word":"never"}').waitFor()
  })
})

test('in production nothing of a traceback is shown', async (t) => {
  const files = { 'main.py': api('one'), 'streamlit_app.py': ui }
  const running = await (await gateway(t, { toml: `${toml}[timeouts]\nhold = "1s"\n`, files })).ready()
  await edit(running, 'main.py', 'secret = "hunter2"\nraise ValueError(secret)\n')
  await ask(`${running.url}/api/die`)
  const headers = { accept: 'text/html' }
  const answer = await eventually('a page instead of the API', async () => {
    const found = await ask(`${running.url}/api/`, { headers })
    return found.status === 503 ? found : undefined
  })
  assert.doesNotMatch(answer.body, /hunter2|ValueError|main\.py/)
})

test('a port that is taken is no reason to stop', async (t) => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  t.after(() => void holder.close())
  const address = holder.address()
  assert.ok(typeof address === 'object' && address !== null)
  const running = await develop(t, api('one'), {
    ownPort: true,
    args: ['--port', String(address.port)],
  })
  await shown(running, new RegExp(`port ${address.port} is taken by pid ${process.pid} `))
  assert.notEqual(new URL(running.url).port, String(address.port))
  assert.equal((await ask(`${running.url}/__fluxlit/livez`)).status, 200)
})

// Somebody at a terminal: waits for the banner, presses keys, and says what stood there and how it ended.
const person = `import os, pty, subprocess, sys
master, terminal = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
os.close(terminal)
seen = b""
def wait_for(words):
    global seen
    while words not in seen:
        seen += os.read(master, 65536)
wait_for(b"for help")
os.write(master, b"h")
wait_for(b"open the page in a browser")
os.write(master, b"o")
wait_for(b"no browser to open here")
os.write(master, b"r")
wait_for(b"r pressed: restarting everything")
os.write(master, b"q")
wait_for(b"stopping")
print(child.wait())
`

test('keys work in a terminal', async (t) => {
  const files = { 'fluxlit.toml': toml, 'main.py': api('one'), 'streamlit_app.py': ui }
  const cwd = await freshDirectory(t, { files })
  const env = { PATH: process.env['PATH'], HOME: cwd, NO_COLOR: '1', VIRTUAL_ENV: virtualEnvironment() }
  const child = spawn(python(), ['-c', person, binary(), 'dev', '--port', '0'], { cwd, env })
  t.after(() => void child.kill())
  const { code, stdout, stderr } = await finished(child)
  assert.deepEqual([code, stdout, stderr], [0, '0\n', ''])
})

test('a wrong scope is an error of usage, and --no-reload is said', async (t) => {
  const running = await develop(t, api('one'), { args: ['--no-reload'] })
  const wrong = await run(['dev', '--reload-scope', 'everything'], { cwd: running.directory })
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /^error\[usage\]: .*reload-scope/)
  await shown(running, /files are not watched/)
})
