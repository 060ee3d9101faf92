import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { Problem } from '../../../internal/fault/startup.ts'
import { load, loadValid, problemLines, project } from './project.ts'

const secret = 'the secret of application and gateway'
const app = 'from fluxlit import FluxLit\napp = FluxLit()\n'
const toml = `target = "app:app"
[auth]
modes = ["dev"]
[auth.dev]
as = "ann@example.com"
[auth.headers]
upstream_authorization = "first_party"
`

/** What an application of the Python package has been told since before there was a gateway. */
const before = {
  FLUXLIT_OIDC_BFF_SECRET: secret,
  FLUXLIT_JWT_HS256_SECRET: secret,
  FLUXLIT_JWT_ISSUER: 'fluxlit-bff',
  FLUXLIT_JWT_AUDIENCE: 'fluxlit-app',
}

interface Given {
  readonly more?: string
  readonly toml?: string
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
}

function directoryFor(t: TestContext, given: Given): Promise<string> {
  const text = (given.toml ?? toml) + (given.more ?? '')
  const files = { 'main.py': 'app = 1\n', 'streamlit_app.py': '', ...given.files }
  return project(t, { 'app.py': app, ...files, 'fluxlit.toml': text })
}

async function problems(t: TestContext, given: Given = {}): Promise<readonly string[]> {
  return problemLines(load(await directoryFor(t, given), { env: given.env ?? {} }))
}

interface Loaded {
  readonly secret: string | undefined
  readonly warnings: readonly Problem[]
}

async function loaded(t: TestContext, given: Given = {}): Promise<Loaded> {
  const { config, warnings } = loadValid(await directoryFor(t, given), { env: given.env ?? {} })
  return { secret: config.auth?.headers.firstParty?.secret.reveal(), warnings }
}

const codes = (warnings: readonly Problem[]): readonly string[] => warnings.map(({ code }) => code)

test('an application of the package and its variables are all that is needed', async (t) => {
  assert.deepEqual(await loaded(t, { env: before }), { secret, warnings: [] })
})

test('the old name of the secret switches nothing on', async (t) => {
  const off = await loaded(t, { toml: toml.replace('first_party', 'strip'), env: before })
  assert.deepEqual(off, { secret: undefined, warnings: [] })
  const none = await loaded(t, { toml: 'target = "app:app"\n', env: before })
  assert.deepEqual(none, { secret: undefined, warnings: [] })
  // One of any length may be the application's business.
  const short = await loaded(t, { toml: 'target = "app:app"\n', env: { FLUXLIT_OIDC_BFF_SECRET: 'x' } })
  assert.deepEqual(short, { secret: undefined, warnings: [] })
})

test('a secret that nothing is signed with is said to be of no use, where nobody else reads it', async (t) => {
  const plain = '[workers.api]\napp = "main:app"\n'
  const { warnings } = await loaded(t, { toml: plain, env: { FLUXLIT_OIDC_BFF_SECRET: secret } })
  assert.deepEqual(codes(warnings), ['auth_unused'])
  assert.equal(JSON.stringify(warnings).includes(secret), false)
})

test('without a secret, and with one that can be guessed, nothing starts', async (t) => {
  const [missing, ...others] = await problems(t)
  assert.match(missing ?? '', /fluxlit\.toml:7: \[first_party_secret_missing\]/)
  assert.deepEqual(others, [])
  const env = { ...before, FLUXLIT_OIDC_BFF_SECRET: 'short', FLUXLIT_JWT_HS256_SECRET: 'short' }
  const [short] = await problems(t, { env })
  assert.match(short ?? '', /FLUXLIT_OIDC_BFF_SECRET: \[secret_too_short\] .* has 5 bytes/)
  const [twice] = await problems(t, {
    more: `first_party_secret = "${secret}"\nfirst_party_secret_file = "s"\n`,
  })
  assert.match(twice ?? '', /\[secret_twice\]/)
  const unreadable = await problems(t, { more: 'first_party_secret_file = "nowhere"\n' })
  assert.match(unreadable.join('\n'), /^fluxlit\.toml:8: \[secret_unreadable\][^\n]*$/)
})

test('an application that was told something else would refuse every token, and is named', async (t) => {
  const wrong = { FLUXLIT_JWT_HS256_SECRET: 'x'.repeat(32), FLUXLIT_JWT_ISSUER: 'https://idp.example' }
  for (const [name, value] of Object.entries(wrong)) {
    const [line, ...others] = await problems(t, { env: { ...before, [name]: value } })
    assert.match(
      line ?? '',
      new RegExp(`fluxlit\\.toml:7: \\[first_party_mismatch\\] worker .api. .* ${name}`),
    )
    assert.deepEqual(others, [])
    assert.equal(line?.includes(value), false)
  }
})

test('one that cannot know the secret is warned of, and one that was given it is not', async (t) => {
  const plain = toml.replace('target = "app:app"\n', '')
  const headers = `first_party_secret_env = "SHARED"\n`
  const worker = '[workers.api]\napp = "main:app"\n'
  const env = { SHARED: secret }
  const hidden = await loaded(t, { toml: plain + headers + worker, env })
  assert.deepEqual([hidden.secret, codes(hidden.warnings)], [secret, ['first_party_unknown']])
  assert.match(hidden.warnings[0]?.hint ?? '', /\[workers\.api\] env_file/)
  const file = await loaded(t, {
    toml: `${plain}${headers}${worker}env_file = "api.env"\n`,
    env,
    files: { 'api.env': `FLUXLIT_JWT_HS256_SECRET=${secret}\n` },
  })
  assert.deepEqual(codes(file.warnings), [])
  const inherited = await loaded(t, {
    toml: `${plain}first_party_secret_file = "s"\n${worker}`,
    env: { APP_SECRET: secret },
    files: { s: `${secret}\n` },
  })
  assert.deepEqual(codes(inherited.warnings), [])
})
