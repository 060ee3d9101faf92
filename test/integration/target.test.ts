import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'

import { run } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { environments } from '../support/environments.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { status, verb } from '../support/verb.ts'

const head = 'from fluxlit import FluxLit\n\napp = FluxLit(title="Shop")\n'

/** An application object whose API says `word`. */
function application(word: string, before = ''): string {
  return `${before}${head}
@app.api.get("/word")
def word() -> dict[str, str]:
    return {"word": "${word}"}


@app.page("/")
def home(st, client) -> None:
    st.title(client.get("/word").json()["word"])
`
}

test('an application object in a directory needs no configuration', async (t) => {
  const running = await (
    await gateway(t, { detect: true, files: { 'app.py': application('hello') } })
  ).ready()
  const { url } = running

  await t.test('it says what it found', () => {
    assert.ok(running.records.some(({ msg }) => msg === 'found target: app:app (FluxLit, in app.py)'))
  })

  await t.test('the API is at /api, with its documentation', async () => {
    assert.equal((await ask(`${url}/api/word`)).body, '{"word":"hello"}')
    const docs = await ask(`${url}/docs`)
    assert.deepEqual([docs.status, docs.headers.location], [307, '/api/docs'])
    assert.match((await ask(`${url}/api/docs`)).body, /\/api\/openapi\.json/)
  })

  await t.test('the page is at the root', async () => {
    assert.match((await ask(`${url}/`)).body, /<div id="root">/)
    assert.equal((await ask(`${url}/_stcore/health`)).body, 'ok')
  })

  await t.test('its health is below the API, whatever the API is doing', async () => {
    assert.deepEqual(json((await ask(`${url}/api/healthz`)).body), { status: 'ok' })
    assert.deepEqual(json((await ask(`${url}/api/readyz`)).body), { status: 'ready', streamlit: 'ok' })
    assert.equal((await ask(`${url}/api/readyz`, { method: 'POST' })).status, 405)
  })

  await t.test('an edit that does not import leaves the API as it was, and the page too', async () => {
    await writeFile(join(running.directory, 'app.py'), `import nonsense_module\n${application('broken')}`)
    const { code, stderr } = await run(['restart', 'api'], { cwd: running.directory })
    assert.equal(code, 1, stderr)
    assert.match(stderr, /app_import_failed.*\(app\.py:1\)/)
    assert.equal((await ask(`${url}/api/word`)).body, '{"word":"hello"}')
    assert.equal((await ask(`${url}/_stcore/health`)).body, 'ok')
  })
})

test('a file is a target too, and imports what is beside it', async (t) => {
  const files = {
    'app.py': 'raise RuntimeError("the wrong one")\n',
    'shop/app.py': application('x', 'from prices import kind\n').replace('"x"', 'kind'),
    'shop/prices.py': 'kind = "from sibling"\n',
  }
  const running = await gateway(t, { detect: true, files, args: ['./shop/app.py:app'] })
  await running.ready()
  assert.equal((await ask(`${running.url}/api/word`)).body, '{"word":"from sibling"}')
  assert.equal((await ask(`${running.url}/_stcore/health`)).body, 'ok')
})

test('below a root path and with another mount everything is where it should be', async (t) => {
  const toml = 'target = "app:app"\nroot_path = "/tools"\napi_mount_path = "/v1"\n'
  const running = await (await gateway(t, { toml, files: { 'app.py': application('deep') } })).ready()
  const { url } = running
  assert.equal((await ask(`${url}/tools/v1/word`)).body, '{"word":"deep"}')
  assert.equal(json<{ status: string }>((await ask(`${url}/tools/v1/readyz`)).body).status, 'ready')
  assert.equal((await ask(`${url}/tools/docs`)).headers.location, '/tools/v1/docs')
  const { stdout } = await verb(running, 'check', '--worker', 'ui', '--json')
  const { env } = json<{ env: Record<string, string> }>(stdout)
  assert.equal(env['FLUXLIT_APP'], 'app:app')
  assert.equal(env['FLUXLIT_API_PREFIX'], '/v1')
  assert.equal((await status(running)).workers['ui']?.state, 'ready')
})

/** A start that must fail, and what must be said about it. */
interface Failure {
  readonly name: string
  readonly source: string
  readonly target?: string
  readonly says: RegExp
  readonly hint: RegExp
}

const failures: readonly Failure[] = [
  {
    name: 'a module that does not exist',
    source: head,
    target: 'shop:app',
    says: /app_not_found.*module `shop` does not exist/,
    hint: /correct `target`/,
  },
  {
    name: 'an attribute that does not exist',
    source: head,
    target: 'app:application',
    says: /app_attribute_missing.*no attribute `application`; it has: app \(app\.py:3\)/,
    hint: /write target = "app:app"/,
  },
  {
    name: 'a FastAPI app',
    source: `${head}from fastapi import FastAPI\nplain = FastAPI()\n`,
    target: 'app:plain',
    says: /target_not_fluxlit.*of type FastAPI, not a FluxLit object \(app\.py:5\)/,
    hint: /write target = "app:app"/,
  },
  {
    name: 'an import that fails',
    source: `import os\nos.environ["DATABASE"]\n${head}`,
    says: /app_import_failed.*KeyError: 'DATABASE' \(app\.py:2\)/,
    hint: /traceback/,
  },
  {
    name: 'a syntax error',
    source: `${head}def (\n`,
    says: /app_syntax_error.*\(app\.py:4\)/,
    hint: /./,
  },
]

describe('a target that cannot be served ends the start with the file and line', () => {
  for (const { name, source, target, says, hint } of failures) {
    test(name, async (t) => {
      const cwd = await freshDirectory(t, { files: { 'app.py': source } })
      const words = ['serve', target ?? 'app:app', '--port', '0']
      const { code, stderr } = await run(words, { cwd, env: { FLUXLIT_ADMIN_LISTEN: '127.0.0.1:0' } })
      assert.equal(code, 1, stderr)
      assert.match(stderr, says)
      assert.match(stderr, hint)
    })
  }

  test('a file that does not exist, before anything is started', async (t) => {
    const cwd = await freshDirectory(t)
    const { code, stderr } = await run(['serve', './nope.py:app'], { cwd })
    assert.equal(code, 2)
    assert.match(stderr, /error\[target_missing\]: .*nope\.py\n {2}hint: /)
  })
})

/** An environment in which somebody installed another package of the same name. */
async function withForeignPackage(t: Cleanup): Promise<string> {
  const { directory } = await environments(t, ['venv1'])
  const python = join(directory, 'venv1', 'bin', 'python')
  const script = 'import sysconfig; print(sysconfig.get_path("purelib"))'
  const site = (await promisify(execFile)(python, ['-c', script])).stdout.trim()
  await mkdir(join(site, 'fluxlit'))
  await writeFile(join(site, 'fluxlit', '__init__.py'), 'raise ImportError("the installed one")\n')
  await mkdir(join(site, 'fluxlit-0.13.2.dist-info'))
  await writeFile(join(site, 'fluxlit-0.13.2.dist-info', 'METADATA'), 'Name: fluxlit\nVersion: 0.13.2\n')
  return join(directory, 'venv1')
}

test('a package of the same name that is installed is named, and used only when asked for', async (t) => {
  const environment = await withForeignPackage(t)
  const files = { 'app.py': application('ours') }
  const env = { VIRTUAL_ENV: environment }
  const running = await (await gateway(t, { detect: true, files, env })).ready()
  assert.equal((await ask(`${running.url}/api/word`)).body, '{"word":"ours"}')
  const warning = running.records.find(({ code }) => code === 'sdk_hidden')
  assert.match(String(warning?.['msg']), /fluxlit 0\.13\.2 is installed .* imports fluxlit 1\./)

  const cwd = await freshDirectory(t, { files })
  const asked = { FLUXLIT_SDK: 'installed', FLUXLIT_ADMIN_LISTEN: '127.0.0.1:0' }
  const theirs = await run(['serve', '--port', '0'], { cwd, env: { ...env, ...asked } })
  assert.match(theirs.stderr, /app_import_failed.*the installed one/)
  const none = await run(['serve', '--port', '0'], { cwd, env: asked })
  assert.equal(none.code, 2)
  assert.match(none.stderr, /error\[sdk_missing\].*\n {2}hint: fluxlit sdk install/)
})
