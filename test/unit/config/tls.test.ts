import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { makePair } from '../../support/certificates.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { load, loadValid, problemLines, project, type Given } from './project.ts'

const ui = '[workers.ui]\nurl = "http://127.0.0.1:9000"\nmount = "/"\n'

async function withPair(t: Cleanup, toml: string): Promise<string> {
  const directory = await project(t, { 'fluxlit.toml': `${toml}\n${ui}` })
  await makePair(directory, 'a.example')
  return directory
}

const tls = '[tls]\ncert_file = "a.example.crt"\nkey_file = "a.example.key"'

test('without a certificate there is no TLS', async (t) => {
  const { config } = loadValid(await project(t, { 'fluxlit.toml': ui }))
  assert.equal(config.tls, null)
})

test('the files are found from the root, and the plain listener is an address', async (t) => {
  const directory = await withPair(t, `${tls}\nmin_version = "1.3"\nredirect_from = "[::]:80"`)
  const { config, warnings } = loadValid(directory)
  assert.deepEqual(config.tls, {
    certFile: join(directory, 'a.example.crt'),
    keyFile: join(directory, 'a.example.key'),
    minVersion: '1.3',
    redirectFrom: { host: '::', port: 80 },
  })
  assert.deepEqual(warnings, [])
})

test('a bare name is looked for among the credentials of the service first', async (t) => {
  const directory = await withPair(t, '[tls]\ncert_file = "a.example.crt"\nkey_file = "b.example.key"')
  const credentials = await project(t)
  await makePair(credentials, 'b.example')
  const given: Given = { env: { CREDENTIALS_DIRECTORY: credentials } }
  assert.match(problemLines(load(directory, given)).join(), new RegExp(`tls_mismatch.*${credentials}/b`))
})

test('half a pair, and a redirect without one, are problems with their line', async (t) => {
  const lines = async (toml: string): Promise<readonly string[]> =>
    problemLines(load(await project(t, { 'fluxlit.toml': `${toml}\n${ui}` })))
  assert.deepEqual(await lines('[tls]\ncert_file = "a.crt"'), [
    'fluxlit.toml:2: [tls_incomplete] `tls.cert_file` is given without `tls.key_file`',
  ])
  assert.deepEqual(await lines('[tls]\nkey_file = "a.key"'), [
    'fluxlit.toml:2: [tls_incomplete] `tls.key_file` is given without `tls.cert_file`',
  ])
  assert.deepEqual(await lines('[tls]\nredirect_from = "0.0.0.0:80"'), [
    'fluxlit.toml:2: [tls_incomplete] `tls.redirect_from` sends browsers to https, which needs a certificate',
  ])
})

test('a file that does not work is a problem at the key that names it', async (t) => {
  const directory = await withPair(t, '[tls]\ncert_file = "a.example.crt"\nkey_file = "nowhere.key"')
  assert.deepEqual(problemLines(load(directory)), [
    `fluxlit.toml:3: [tls_file_missing] the file of \`tls.key_file\` does not exist: ${directory}/nowhere.key`,
  ])
})

test('the plain listener cannot have the address of the gateway', async (t) => {
  for (const [host, address] of [
    ['127.0.0.1', '127.0.0.1:443'],
    ['0.0.0.0', '127.0.0.1:443'],
    ['127.0.0.1', '0.0.0.0:443'],
  ]) {
    const top = `gateway_host = "${host}"\ngateway_port = 443\n`
    const directory = await withPair(t, `${top}${tls}\nredirect_from = "${address}"`)
    assert.match(
      problemLines(load(directory)).join(),
      /^fluxlit.toml:6: \[bad_value\] `tls.redirect_from` is/,
    )
  }
  const apart = 'gateway_host = "127.0.0.1"\ngateway_port = 443\n'
  loadValid(await withPair(t, `${apart}${tls}\nredirect_from = "127.0.0.2:443"`))
  loadValid(await withPair(t, `gateway_port = 0\n${tls}\nredirect_from = "127.0.0.1:0"`))
})

test('a port alone is refused with the address to write', async (t) => {
  const directory = await withPair(t, `${tls}\nredirect_from = ":80"`)
  const result = load(directory)
  assert(result.kind === 'problems')
  assert.equal(result.problems[0]?.hint, 'write "0.0.0.0:80"')
})

test('a certificate for another host than browsers ask for is a warning', async (t) => {
  const warnings = async (base: string): Promise<readonly string[]> =>
    loadValid(await withPair(t, `public_base_url = "${base}"\n${tls}`)).warnings.map(({ code }) => code)
  assert.deepEqual(await warnings('https://b.example'), ['tls_wrong_name'])
  assert.deepEqual(await warnings('https://a.example:8443'), [])
})
