import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { run } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json, open, responseTo, nextPiece } from '../support/http.ts'
import { repository } from '../support/python.ts'

for (const name of readdirSync(join(repository, 'examples'))) {
  test(`the configuration of the example ${name} is valid without a warning`, async (t) => {
    const cwd = await freshDirectory(t, { from: `examples/${name}` })
    const { code, stdout, stderr } = await run(['check', '--json', '-c', 'fluxlit.toml'], { cwd })
    assert.equal(code, 0, stdout + stderr)
    assert.deepEqual(json<{ warnings: unknown }>(stdout).warnings, [])
  })
}

test('the quickstart answers as its README says', async (t) => {
  const { url } = await (await gateway(t, { from: 'examples/quickstart' })).ready()
  const headers = { 'content-type': 'application/json' }

  const added = await ask(`${url}/api/items`, {
    method: 'POST',
    headers,
    body: '{"name":"Tea","price":2}',
  })
  assert.equal(added.status, 201)
  assert.deepEqual(JSON.parse(added.body), { name: 'Tea', price: 2, id: 3 })
  assert.equal((await ask(`${url}/api/items/3`)).body, added.body)
  const wrong = await ask(`${url}/api/items`, { method: 'POST', headers, body: '{"name":""}' })
  assert.equal(wrong.status, 422)

  const stream = open(`${url}/api/countdown?start=1`)
  stream.end()
  assert.equal(await nextPiece(await responseTo(stream)), 'data: 1\n\n')
  stream.destroy()

  assert.match((await ask(`${url}/`)).body, /<div id="root">/)
})

test('without a configuration the quickstart is found by itself', async (t) => {
  const { main, ui } = await sources()
  const { url } = await (
    await gateway(t, { detect: true, files: { 'main.py': main, 'streamlit_app.py': ui } })
  ).ready()
  assert.equal((await ask(`${url}/api/items/1`)).status, 200)
  assert.match((await ask(`${url}/`)).body, /<div id="root">/)
})

test('a server in another language stands beside Streamlit', async (t) => {
  const { url } = await (await gateway(t, { from: 'examples/other-language' })).ready()
  assert.deepEqual(JSON.parse((await ask(`${url}/hello/you`)).body), { hello: 'you', prefix: '/hello' })
  assert.match((await ask(`${url}/`)).body, /<div id="root">/)
})

test('an application object has its API and its pages', async (t) => {
  const { url } = await (await gateway(t, { from: 'examples/app-object' })).ready()
  assert.match((await ask(`${url}/api/items/2`)).body, /Croissant/)
  assert.match((await ask(`${url}/add`)).body, /<div id="root">/)
})

test('two Streamlit apps and an API keep apart', async (t) => {
  const { url } = await (await gateway(t, { from: 'examples/two-apps' })).ready()
  assert.equal((await ask(`${url}/api/figures/sales`)).body, '[3,5,8]')
  assert.match((await ask(`${url}/`)).body, /<div id="root">/)
  assert.match((await ask(`${url}/stock/`)).body, /<div id="root">/)
  assert.equal((await ask(`${url}/stock/_stcore/health`)).body, 'ok')
})

test('an app object shows what its API has', async (t) => {
  const { url } = await (await gateway(t, { from: 'examples/fluxlit-app' })).ready()
  assert.equal((await ask(`${url}/api/people?city=London`)).body, '[{"name":"Ada","city":"London"}]')
  assert.match((await ask(`${url}/add`)).body, /<div id="root">/)
})

async function sources(): Promise<{ main: string; ui: string }> {
  const directory = join(repository, 'examples', 'quickstart')
  const [main, ui] = await Promise.all(
    ['main.py', 'streamlit_app.py'].map((name) => readFile(join(directory, name), 'utf8')),
  )
  return { main: main ?? '', ui: ui ?? '' }
}
