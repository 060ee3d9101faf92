import assert from 'node:assert/strict'
import { test } from 'node:test'

import { renderReport, reportJson } from '../../../internal/config/report.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { load, loadValid, problemLines, project, usualFiles, type Given } from './project.ts'

const ui = '[workers.ui]\nurl = "http://127.0.0.1:9000"\nmount = "/"\n'

const withAdmin = (t: Cleanup, toml: string, files: Readonly<Record<string, string>> = {}): Promise<string> =>
  project(t, { 'fluxlit.toml': `${toml}\n${ui}`, ...files })

async function problems(t: Cleanup, toml: string, given: Given = {}): Promise<readonly string[]> {
  return problemLines(load(await withAdmin(t, toml), given))
}

test('operators find it on loopback without anything written, and nothing is on a listener of its own', async (t) => {
  const { config } = loadValid(await withAdmin(t, ''))
  assert.deepEqual(config.admin.listen, { host: '127.0.0.1', port: 9464 })
  assert.equal(config.admin.where, 'default')
  assert.equal(config.metrics.listen, null)
})

test('an empty address is none', async (t) => {
  const { config } = loadValid(await withAdmin(t, '[admin]\nlisten = ""'))
  assert.equal(config.admin.listen, null)
})

test('an address that others reach needs a password or a list of networks', async (t) => {
  const lines = [
    'fluxlit.toml:2: [admin_open] `admin.listen` can be reached from other machines, and nobody is asked who they are',
  ]
  for (const address of ['0.0.0.0:9464', '[::]:9464', '192.0.2.1:9464', 'gateway.example:9464'])
    assert.deepEqual(await problems(t, `[admin]\nlisten = "${address}"`), lines)
  for (const address of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1'])
    assert.deepEqual(await problems(t, `[admin]\nlisten = "${address}"`), [])
  assert.deepEqual(await problems(t, '[admin]\nlisten = "0.0.0.0:9464"\npassword = "horse"'), [])
  assert.deepEqual(await problems(t, '[admin]\nlisten = "0.0.0.0:9464"\nallow = ["10.0.0.0/8"]'), [])
})

test('the password comes from a file or a variable, and is in no report', async (t) => {
  const file = await withAdmin(t, '[admin]\npassword_file = "secret.txt"', { 'secret.txt': 'horse\n' })
  assert.equal(loadValid(file).config.admin.password?.reveal(), 'horse')
  const variable = await withAdmin(t, '[admin]\npassword_env = "ADMIN_PASSWORD"')
  const read = loadValid(variable, { env: { ADMIN_PASSWORD: 'battery' } })
  assert.equal(read.config.admin.password?.reveal(), 'battery')
  assert.deepEqual(read.config.hiddenEnv, ['ADMIN_PASSWORD'])
  const direct = loadValid(await withAdmin(t, '[admin]\npassword = "staple"'))
  assert.equal(direct.config.admin.password?.reveal(), 'staple')
  for (const text of [
    JSON.stringify(reportJson(direct.report)),
    renderReport(direct.report),
    JSON.stringify(direct.config),
  ])
    assert(!text.includes('staple'), text)
})

test('a form from a higher source stands in for another form from a lower one', async (t) => {
  const directory = await withAdmin(t, '[admin]\npassword_file = "nowhere.txt"')
  const { config } = loadValid(directory, { env: { FLUXLIT_ADMIN_PASSWORD: 'from above' } })
  assert.equal(config.admin.password?.reveal(), 'from above')
})

test('two forms in one source, and one that cannot be read, are problems', async (t) => {
  assert.deepEqual(await problems(t, '[admin]\npassword = "a"\npassword_env = "B"'), [
    'fluxlit.toml:2: [secret_twice] `admin.password` and `admin.password_env` are given together',
  ])
  assert.deepEqual(await problems(t, '[admin]\nlisten = "0.0.0.0:1"\npassword_env = "NOT_THERE"'), [
    'fluxlit.toml:3: [secret_missing] the variable of `admin.password_env` is not set: NOT_THERE',
  ])
})

test('a variable of .env that holds the password does not reach a worker', async (t) => {
  const toml = '[admin]\npassword_env = "ADMIN_PASSWORD"\n[workers.api]\napp = "main:app"\n'
  const files = { ...usualFiles, 'fluxlit.toml': toml, '.env': 'ADMIN_PASSWORD=horse\nOTHER=1\n' }
  const { config } = loadValid(await project(t, files))
  assert.equal(config.admin.password?.reveal(), 'horse')
  const [api] = config.workers
  assert(api?.kind === 'uvicorn' && api.run.kind === 'spawn')
  assert.deepEqual(api.run.env, { OTHER: '1' })
})

test('two listeners cannot have one address', async (t) => {
  assert.deepEqual(await problems(t, 'gateway_port = 9000\n[admin]\nlisten = "127.0.0.1:9000"'), [
    'fluxlit.toml:3: [bad_value] `admin.listen` has the address of the gateway itself',
  ])
  assert.deepEqual(await problems(t, '[admin]\nlisten = "127.0.0.1:1"\n[metrics]\nlisten = "0.0.0.0:1"'), [
    'fluxlit.toml:4: [bad_value] `metrics.listen` has the address of `admin.listen`, which answers /metrics too',
  ])
  assert.deepEqual(await problems(t, 'gateway_port = 0\n[metrics]\nlisten = "127.0.0.1:0"'), [])
  // The default gives way by itself.
  assert.deepEqual(await problems(t, 'gateway_port = 9464'), [])
})

test('a port alone is refused with the address to write', async (t) => {
  const result = load(await withAdmin(t, '[metrics]\nlisten = ":9465"'))
  assert(result.kind === 'problems')
  assert.equal(result.problems[0]?.hint, 'write "127.0.0.1:9465"')
})

test('a password that is no text is a problem that does not tell it', async (t) => {
  assert.deepEqual(await problems(t, '[admin]\npassword = 271828'), [
    'fluxlit.toml:2: [wrong_type] `admin.password` must be a text, found a number',
  ])
})
