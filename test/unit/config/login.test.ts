import assert from 'node:assert/strict'
import { test } from 'node:test'

import { loadValid, project } from './project.ts'

const worker = '[workers.api]\napp = "main:app"\n'

const login = (more = '') => `${worker}[auth]\nmodes = ["jwt", "oidc"]
[auth.jwt]
issuer = "https://idp.example"
audience = ["shop"]
algorithms = ["HS256"]
hs256_secret_env = "TOKEN_KEY"
[auth.oidc]
issuer = "https://idp.example"
client_id = "shop"
client_secret_env = "CLIENT_KEY"
${more}`

const dotenv = `TOKEN_KEY=${'k'.repeat(40)}\nCLIENT_KEY=c\nOTHER=o\n`

test('a secret that .env holds for the gateway reaches no worker', async (t) => {
  const directory = await project(t, { 'main.py': '', '.env': dotenv, 'fluxlit.toml': login() })
  const { config } = loadValid(directory)
  const [api] = config.workers
  assert(api?.kind === 'uvicorn' && api.run.kind === 'spawn')
  assert.deepEqual(api.run.env, { OTHER: 'o' })
  assert.deepEqual(config.hiddenEnv.toSorted(), ['CLIENT_KEY', 'TOKEN_KEY'])
})

test('nothing that is secret about a login is printed', async (t) => {
  const toml = login(
    '[auth.session]\nstore = "redis"\nredis_url = "redis://:hunter2@r:1"\nsecrets = "' +
      `${'s'.repeat(43)}"\n[outbound]\nproxy = "http://u:hunter2@proxy:3128"`,
  ).replace('client_secret_env = "CLIENT_KEY"', 'client_secret = "hunter2"')
  const directory = await project(t, { 'main.py': '', '.env': dotenv, 'fluxlit.toml': toml })
  const { config, report } = loadValid(directory)
  const printed = JSON.stringify([...report.values]) + JSON.stringify(config)
  assert.doesNotMatch(
    printed.replaceAll('"proxy":{"kind":"url","url":"[redacted]"}', ''),
    /hunter2|sssss|kkkkk/,
  )
})

test('sessions are kept in the state directory where there is one, and in memory otherwise', async (t) => {
  const directory = await project(t, { 'main.py': '', '.env': dotenv, 'fluxlit.toml': login() })
  const kept = loadValid(directory).config.auth?.login?.session.store
  assert.equal(kept?.kind, 'sqlite')
  const nowhere = loadValid(directory, { env: { HOME: '' } }).config.auth?.login?.session.store
  assert.equal(nowhere?.kind, 'memory')
})

test('a preset says what its provider needs, and what is written counts more', async (t) => {
  const of = async (lines: string) => {
    const toml = login(lines).replace('issuer = "https://idp.example"\nclient_id', 'client_id')
    const directory = await project(t, { 'main.py': '', '.env': dotenv, 'fluxlit.toml': toml })
    return loadValid(directory).config.auth?.login?.oidc
  }
  const google = await of('preset = "google"')
  assert.equal(google?.issuer, 'https://accounts.google.com')
  assert.deepEqual(google?.authorizationParams, { access_type: 'offline' })
  const entra = await of('preset = "entra"\nissuer = "https://login.microsoftonline.com/t/v2.0"')
  assert.equal(entra?.trustUnverifiedEmail, true)
  assert.ok(entra?.scopes.includes('offline_access'))
  const strict = await of(
    'preset = "entra"\nissuer = "https://login.microsoftonline.com/t/v2.0"\ntrust_unverified_email = false',
  )
  assert.equal(strict?.trustUnverifiedEmail, false)
  const keycloak = await of('preset = "keycloak"\nissuer = "https://k.example/realms/a"')
  assert.equal(keycloak?.rolesClaim, 'realm_access.roles')
})
