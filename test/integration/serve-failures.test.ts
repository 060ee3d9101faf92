import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { run } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { processesWith } from '../support/processes.ts'
import { python } from '../support/python.ts'
import { upstream } from '../support/upstream.ts'

/** A start that must fail, and what must be said about it. */
interface Failure {
  readonly name: string
  readonly toml: string
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly args?: readonly string[]
  /** Exit status. */
  readonly status: number
  /** All of these are in what it wrote: code, cause, place, cure. */
  readonly says: readonly RegExp[]
}

const fastapi = 'from fastapi import FastAPI\napp = FastAPI()\n'
const api = '[workers.api]\napp = "main:app"\n'

const failures: readonly Failure[] = [
  {
    name: 'an interpreter that does not exist',
    toml: `${api}python = "nowhere/bin/python"\n`,
    files: { 'main.py': fastapi },
    status: 2,
    says: [/nowhere\/bin\/python/, /fluxlit\.toml:3/, /hint: /],
  },
  {
    name: 'no Python anywhere',
    toml: api,
    files: { 'main.py': fastapi },
    env: { PATH: '/nonexistent', VIRTUAL_ENV: undefined },
    status: 2,
    says: [/[Pp]ython/, /hint: /],
  },
  {
    name: 'a script that does not exist',
    toml: '[workers.ui]\nscript = "dashboard.py"\n',
    files: { 'dashbord.py': 'import streamlit\n' },
    status: 2,
    says: [/dashboard\.py/, /fluxlit\.toml:2/, /hint: /],
  },
  {
    name: 'an app whose module does not exist',
    toml: '[workers.api]\napp = "mian:app"\n',
    files: { 'main.py': fastapi },
    status: 1,
    says: [/mian/, /hint: /],
  },
  {
    name: 'an app that fails while it is imported',
    toml: api,
    files: { 'main.py': 'import os\nvalue = os.environ["DATABASE_URL"]\n' },
    status: 1,
    says: [/KeyError/, /DATABASE_URL/, /main\.py(?::|", line )2/],
  },
  {
    name: 'an app that imports a package which is not installed',
    toml: api,
    files: { 'main.py': '\nimport sqlalchemy_nope\n' },
    status: 1,
    says: [/sqlalchemy_nope/, /main\.py(?::|", line )2/, /hint: /],
  },
  {
    name: 'an app with a syntax error',
    toml: api,
    files: { 'main.py': 'from fastapi import FastAPI\napp = FastAPI(\n' },
    status: 1,
    says: [/main\.py(?::|", line )2/],
  },
  {
    name: 'an attribute that does not exist',
    toml: '[workers.api]\napp = "main:application"\n',
    files: { 'main.py': fastapi },
    status: 1,
    says: [/application/, /main:app\b|`app`|\bapp\b/, /hint: /],
  },
  {
    name: 'a mount given twice',
    toml: `${api}[workers.other]\nurl = "http://127.0.0.1:9"\nmount = "/api"\n`,
    files: { 'main.py': fastapi },
    status: 2,
    says: [/error\[mount_taken\]/, /\/api/, /fluxlit\.toml:[1-5]/, /api/, /other/, /hint: /],
  },
  {
    name: 'an environment file that cannot be read',
    toml: `${api}env_file = "secrets.env"\n`,
    files: { 'main.py': fastapi },
    status: 2,
    says: [/secrets\.env/, /fluxlit\.toml:3/, /hint: /],
  },
  {
    name: 'a working directory that does not exist',
    toml: `${api}cwd = "nowhere"\n`,
    files: { 'main.py': fastapi },
    status: 2,
    says: [/nowhere/, /fluxlit\.toml:3/],
  },
  {
    name: 'a command that does not exist',
    toml: '[workers.go]\ncommand = ["no-such-program", "{port}"]\nmount = "/go"\n',
    status: 2,
    says: [/no-such-program/, /hint: /],
  },
  {
    name: 'broken TOML',
    toml: '[workers.api]\napp = "main:app\n',
    status: 2,
    says: [/fluxlit\.toml:2/],
  },
  {
    name: 'a key that does not exist',
    toml: `gateway_prot = 8000\n${api}`,
    files: { 'main.py': fastapi },
    status: 2,
    says: [/error\[unknown_key\]/, /gateway_prot/, /fluxlit\.toml:1/, /gateway_port/],
  },
  {
    name: 'a value of the wrong type in the environment',
    toml: api,
    files: { 'main.py': fastapi },
    env: { FLUXLIT_TIMEOUTS_HOLD: 'soon' },
    status: 2,
    says: [/FLUXLIT_TIMEOUTS_HOLD/, /soon/],
  },
  {
    name: 'trusting every proxy',
    toml: api,
    files: { 'main.py': fastapi },
    args: ['--forwarded-allow-ips', '*'],
    status: 2,
    says: [/\*/, /hint: /],
  },
  {
    name: 'a flag that does not exist',
    toml: api,
    files: { 'main.py': fastapi },
    args: ['--prot', '80'],
    status: 2,
    says: [/prot/],
  },
  {
    name: 'a variable that would switch certificate checks off',
    toml: api,
    files: { 'main.py': fastapi },
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    status: 2,
    says: [/NODE_TLS_REJECT_UNAUTHORIZED/],
  },
]

for (const { name, toml, files, env, args = [], status, says } of failures) {
  test(`${name} ends with status ${status} and says what to do`, async (t) => {
    const cwd = await freshDirectory(t, { files: { ...files, 'fluxlit.toml': toml } })
    const id = randomUUID()
    const result = await run(['serve', '-c', 'fluxlit.toml', '--port', '0', ...args], {
      cwd,
      env: { START_UNDER_TEST: id, ...env },
    })
    const output = result.stdout + result.stderr
    assert.equal(result.code, status, output)
    assert.match(result.stderr, /^error\[[a-z_]+\]: /m, output)
    for (const pattern of says) assert.match(output, pattern)
    assert.doesNotMatch(result.stderr, /\n {4}at .+:\d+:\d+\)?/, 'a stack of the gateway itself')
    assert.deepEqual(processesWith('START_UNDER_TEST', id), [])
  })
}

test('a package that is missing from the environment is named with the command that installs it', async (t) => {
  const cwd = await freshDirectory(t, {
    files: {
      'main.py': fastapi,
      'app.py': 'import streamlit\n',
      'fluxlit.toml': `${api}[workers.ui]\nscript = "app.py"\n`,
    },
  })
  await promisify(execFile)(python(), ['-m', 'venv', '--without-pip', join(cwd, '.venv')])
  const { code, stdout, stderr } = await run(['serve', '-c', 'fluxlit.toml', '--port', '0'], {
    cwd,
    env: { VIRTUAL_ENV: undefined },
  })
  assert.equal(code, 1, stdout + stderr)
  for (const name of ['uvicorn', 'streamlit']) {
    assert.match(stderr, new RegExp(`error\\[module_missing\\]:.*${name}`))
    assert.match(stderr, new RegExp(`${join(cwd, '.venv')}/bin/python\\S* -m pip install .*${name}`))
  }
})

test('8, 13: a port that is taken is named, and nothing is started', async (t) => {
  const other = await upstream(t, (_, response) => void response.end('someone else'))
  const cwd = await freshDirectory(t, { files: { 'main.py': fastapi, 'fluxlit.toml': api } })
  const id = randomUUID()
  const { code, stdout, stderr } = await run(['serve', '-c', 'fluxlit.toml', '--port', String(other.port)], {
    cwd,
    env: { START_UNDER_TEST: id },
  })
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, new RegExp(`^error\\[\\w+\\]: .*${other.port}`, 'm'))
  assert.match(stderr, /hint: /)
  assert.deepEqual(processesWith('START_UNDER_TEST', id), [])
})

test('a directory with nothing to serve is told what to write', async (t) => {
  const cwd = await freshDirectory(t, { files: { 'notes.py': 'print("hello")\n' } })
  const { code, stdout, stderr } = await run(['serve'], { cwd })
  assert.equal(code, 2, stdout + stderr)
  assert.match(stderr, /error\[nothing_to_serve\]/)
  assert.match(stderr, /\[workers\.\w+\]/)
})

test('five mistakes in one file are five errors, each with its line', async (t) => {
  const toml = `gateway_port = "eight thousand"
gateway_prot = 1
[workers.api]
app = 7
[workers.ui]
script = "missing.py"
[timeouts]
hold = "soon"
`
  const cwd = await freshDirectory(t, { files: { 'fluxlit.toml': toml } })
  for (const command of ['check', 'serve']) {
    const { code, stderr } = await run([command, '-c', 'fluxlit.toml'], { cwd })
    assert.equal(code, 2, stderr)
    assert.equal(stderr.match(/^error\[/gm)?.length, 5, stderr)
    for (const line of [1, 2, 4, 6, 8]) assert.match(stderr, new RegExp(`fluxlit\\.toml:${line}\\b`))
  }
})
