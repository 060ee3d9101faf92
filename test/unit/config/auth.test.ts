import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { AuthConfig } from '../../../internal/config/auth-types.ts'
import { load, loadValid, problemLines, project, usualFiles } from './project.ts'

const workers = '\n[workers.api]\napp = "main:app"\n[workers.ui]\nscript = "streamlit_app.py"\n'
const jwt = 'modes = ["jwt"]\n[auth.jwt]\nissuer = "https://idp.example"\naudience = ["api"]\n'
const hash = `$scrypt$ln=15,r=8,p=1$${'A'.repeat(22)}$${'B'.repeat(43)}`

interface Given {
  readonly top?: string
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** Problems of `[auth]` with these lines, one text each. */
async function problems(t: TestContext, auth: string, given: Given = {}): Promise<readonly string[]> {
  const toml = `${given.top ?? ''}[auth]\n${auth}${workers}`
  const directory = await project(t, { ...usualFiles, ...given.files, 'fluxlit.toml': toml })
  return problemLines(load(directory, { env: given.env ?? {} }))
}

/** The only problem matches. */
async function refused(t: TestContext, auth: string, wanted: RegExp, given: Given = {}): Promise<void> {
  const found = await problems(t, auth, given)
  assert.equal(found.length, 1, found.join('\n'))
  assert.match(found[0] ?? '', wanted)
}

/** `[auth]` of a valid file. */
async function resolved(t: TestContext, auth: string, given: Given = {}): Promise<AuthConfig> {
  const toml = `${given.top ?? ''}[auth]\n${auth}${workers}`
  const directory = await project(t, { ...usualFiles, ...given.files, 'fluxlit.toml': toml })
  const { config } = loadValid(directory, { env: given.env ?? {} })
  assert(config.auth !== null)
  return config.auth
}

test('attack 57: a secret that can be guessed does not start', async (t) => {
  await refused(t, `${jwt}hs256_secret = "secret"\n`, /fluxlit\.toml:6: \[secret_too_short\] .* has 6 bytes/)
  await refused(t, `${jwt}hs256_secret_env = "S"\n`, /fluxlit\.toml:6: \[secret_too_short\]/, {
    env: { S: 'short' },
  })
})

test('attack 57: a secret shows itself in no message and no report', async (t) => {
  const found = await problems(t, `${jwt}hs256_secret = "hunter2"\n`)
  assert.equal(found.join().includes('hunter2'), false)
  const toml = `[auth]\nmodes = []\n[auth.jwt]\nhs256_secret = "hunter2"\n${workers}`
  const directory = await project(t, { ...usualFiles, 'fluxlit.toml': toml })
  const { report } = loadValid(directory)
  assert.equal(JSON.stringify([...report.values]).includes('hunter2'), false)
})

test('a secret that cannot be read is one mistake, not one about what nobody wrote', async (t) => {
  await refused(
    t,
    `${jwt}hs256_secret_file = "nowhere"\nalgorithms = ["HS256"]\n`,
    /:6: \[secret_unreadable\]/,
  )
})

test('attack 56: one secret and public keys never go together', async (t) => {
  const secret = `hs256_secret = "${'s'.repeat(32)}"\n`
  await refused(t, `${jwt}${secret}algorithms = ["HS256", "RS256"]\n`, /:7: \[jwt_mixed_algorithms\]/)
  await refused(t, `${jwt}algorithms = ["RS256", "HS256"]\n`, /:6: \[jwt_mixed_algorithms\]/)
  await refused(t, `${jwt}${secret}jwks_url = "https://idp.example/keys"\n`, /:7: \[conflicting_keys\]/)
  const auth = await resolved(t, jwt + secret)
  assert.deepEqual(auth.jwt?.issuers[0]?.algorithms, ['HS256'])
})

test('what a mode cannot do without is asked for, at the line that turns it on', async (t) => {
  const lines = await problems(t, 'modes = ["jwt", "basic", "proxy", "dev"]\n')
  assert.deepEqual(
    lines.map((line) => /\[([a-z_]+)\] mode "([a-z]+)" needs `([\w.[\]]+)`/.exec(line)?.slice(1).join(' ')),
    [
      'jwt_incomplete jwt auth.jwt.issuer',
      'jwt_incomplete jwt auth.jwt.audience',
      'auth_incomplete basic [[auth.basic.users]]',
      'auth_incomplete proxy auth.proxy.trusted_proxies',
      'auth_incomplete proxy auth.proxy.user_header',
      'auth_incomplete dev auth.dev.as',
    ],
  )
  for (const line of lines) assert.match(line, /^fluxlit\.toml:2: /)
})

test('rules while nobody is asked would protect nothing', async (t) => {
  await refused(
    t,
    '[[auth.rules]]\npath = "/**"\nroles = ["admin"]\n',
    /:2: \[auth_without_modes\] `auth\.rules`/,
  )
  await refused(t, 'default = "deny"\n', /:2: \[auth_without_modes\] `auth\.default`/)
  const access = await project(t, {
    ...usualFiles,
    'fluxlit.toml': `${workers}access = { groups = ["a"] }\n`,
  })
  assert.match(problemLines(load(access)).join(), /\[auth_without_modes\] `workers\.ui\.access`/)
})

test('a gateway for everybody in which nobody signs in is warned about once, until somebody says that it is meant', async (t) => {
  const warned = async (toml: string): Promise<readonly string[]> => {
    const directory = await project(t, { ...usualFiles, 'fluxlit.toml': toml + workers })
    return loadValid(directory).warnings.flatMap(({ code, where, hint }) =>
      code === 'auth_off' ? [`${where} ${hint}`] : [],
    )
  }
  const open = 'gateway_host = "0.0.0.0"\n'
  const [warning = '', ...others] = await warned(`name = "shop"\n${open}`)
  assert.match(warning, /^fluxlit\.toml:2 .*modes = \[\] if that is meant/)
  assert.deepEqual(others, [])
  assert.deepEqual(await warned(''), [])
  assert.deepEqual(await warned(`${open}[auth]\nmodes = []\n`), [])
  assert.deepEqual(await warned(`${open}[auth]\n${jwt}`), [])
})

test('people do not sign in over plain http where others could listen', async (t) => {
  const basic = `modes = ["basic"]\n[[auth.basic.users]]\nname = "ann"\npassword_hash = "${hash}"\n`
  const open = 'gateway_host = "0.0.0.0"\n'
  await refused(t, basic, /:3: \[auth_over_plain_http\]/, { top: open })
  await resolved(t, basic, { top: `${open}public_base_url = "https://app.example"\n` })
  await resolved(t, basic)
  // Programs with tokens are not sent to a login.
  await resolved(t, jwt, { top: open })
})

test('nobody is signed in as somebody on an address that others reach', async (t) => {
  const dev = 'modes = ["dev"]\n[auth.dev]\nas = "ann@example.com:finance,admin"\n'
  await refused(t, dev, /:5: \[dev_sign_in_exposed\]/, { top: 'gateway_host = "0.0.0.0"\n' })
  const auth = await resolved(t, dev)
  assert.deepEqual(
    [auth.dev?.subject, auth.dev?.email, auth.dev?.groups],
    ['ann@example.com', 'ann@example.com', ['finance', 'admin']],
  )
})

test('--as signs in whatever the file says', async (t) => {
  const directory = await project(t, { ...usualFiles, 'fluxlit.toml': workers })
  const { config } = loadValid(directory, { flags: { 'auth.dev.as': { value: 'ann:x', flag: '--as' } } })
  assert.deepEqual(
    [config.auth?.modes, config.auth?.dev?.subject, config.auth?.dev?.email],
    [['dev'], 'ann', null],
  )
})

test('an empty list is a mistake, not a way to let everybody in', async (t) => {
  for (const key of [
    'groups',
    'roles',
    'emails',
    'email_domains',
    'scopes',
    'all_roles',
    'any_scope',
    'methods',
  ])
    await refused(
      t,
      `${jwt}[[auth.rules]]\npath = "/api/x"\n${key} = []\n`,
      new RegExp(`:8: \\[bad_value\\] \`auth\\.rules\\[0\\]\\.${key}\``),
    )
  await refused(t, `${jwt}[[auth.rules]]\npath = "/api/x"\ngroups = [""]\n`, /:8: \[bad_value\]/)
  await refused(t, `${jwt}[[auth.rules]]\npath = "/api/x"\nclaims = { a = [] }\n`, /:8: \[bad_value\]/)
})

const rule = (lines: string): string => `${jwt}[[auth.rules]]\n${lines}`

test('a rule that cannot mean what it says is refused with the reason', async (t) => {
  await refused(t, rule('roles = ["a"]\n'), /:6: \[bad_rule\] a rule names no path/)
  await refused(t, rule('path = "/api/x"\npath_regex = "/x"\n'), /:6: \[bad_rule\] a rule has both/)
  await refused(t, rule('path_regex = "/api/(x"\n'), /:7: \[bad_rule\] .* missing closing/)
  for (const text of ['/api/(?!admin).*', '/(?<=a)b', '/(a)\\\\1'])
    await refused(
      t,
      rule(`path_regex = "${text}"\n`),
      /:7: \[bad_rule\] the expression of a rule is not valid/,
    )
  await refused(t, rule('path = "/api/x"\nallow = "public"\nroles = ["a"]\n'), /:6: \[rule_contradicts\]/)
  await refused(t, rule('path = "/tools/api/x"\n'), /:8: \[bad_rule\] .*root_path/, {
    top: 'root_path = "/tools"\n',
  })
  for (const path of ['api', '/a/../b', '/a%2fb', '/a?b', '/a//b', '/a**'])
    await refused(t, rule(`path = "${path}"\n`), /:7: \[bad_value\] `auth\.rules\[0\]\.path`/)
})

const forGroup = (path: string): string => `path = "${path}"\ngroups = ["a"]\n`

test('a rule for a part of a Streamlit app would protect none of it', async (t) => {
  for (const path of ['/finance/**', '/finance', '/*/x', '/_stcore/stream'])
    await refused(t, rule(forGroup(path)), /:6: \[rule_below_streamlit\] .* `ui`/)
  for (const path of ['/**', '/api/**', '/api/x']) await resolved(t, rule(forGroup(path)))
  await refused(t, `${jwt}[[auth.rules]]\npath_regex = ".*admin"\n`, /\[rule_below_streamlit\]/)
})

test('a rule that never decides is told, with the one that does', async (t) => {
  const toml = `[auth]\n${jwt}
[[auth.rules]]
path = "/api/**"
methods = ["GET"]
[[auth.rules]]
path = "/api/admin/*"
methods = ["GET"]
roles = ["admin"]
[[auth.rules]]
path = "/api/admin/*"
roles = ["admin"]
${workers}`
  const directory = await project(t, { ...usualFiles, 'fluxlit.toml': toml })
  const { warnings } = loadValid(directory)
  assert.deepEqual(
    warnings.map(({ code, where }) => [code, where]),
    [['dead_rule', 'fluxlit.toml:10']],
  )
  assert.match(warnings[0]?.message ?? '', /\(fluxlit\.toml:7\) comes first/)
})

test('keys come over https, and a file with keys is looked at', async (t) => {
  await refused(t, `${jwt}jwks_url = "http://idp.example/keys"\n`, /:6: \[bad_value\] `auth\.jwt\.jwks_url`/)
  await refused(t, `${jwt}jwks_file = "keys.json"\n`, /:6: \[jwks_unreadable\] .*cannot be read/)
  await refused(t, `${jwt}jwks_file = "keys.json"\n`, /holds no key set/, { files: { 'keys.json': '{}' } })
  const auth = await resolved(t, `${jwt}jwks_url = "http://127.0.0.1:9/keys"\n`)
  assert.deepEqual(auth.jwt?.issuers[0]?.keys, { kind: 'url', url: 'http://127.0.0.1:9/keys' })
})

test('an issuer is any name where its keys are known, and an address where they are to be found', async (t) => {
  const named = jwt.replace('https://idp.example', 'fluxlit-bff')
  const auth = await resolved(t, `${named}hs256_secret = "${'s'.repeat(32)}"\n`)
  assert.equal(auth.jwt?.issuers[0]?.issuer, 'fluxlit-bff')
  await refused(t, named, /:4: \[jwt_keys_unknown\] .*"fluxlit-bff"/)
  await refused(t, jwt.replace('https://', 'http://'), /:4: \[jwt_keys_unknown\]/)
  const unnamed = await problems(t, jwt.replace('https://idp.example', ''))
  assert.match(unnamed.join('\n'), /:4: \[bad_value\] `auth\.jwt\.issuer` must be a text/)
  const off = await project(t, { ...usualFiles, 'fluxlit.toml': workers })
  assert.equal(loadValid(off, { env: { FLUXLIT_JWT_ISSUER: 'fluxlit-bff' } }).config.auth, null)
})

const proxy = (lines: string): string =>
  `modes = ["proxy"]\n[auth.proxy]\ntrusted_proxies = ["10.0.0.0/8"]\n${lines}`

test('a preset knows its proxy, and what it cannot know is asked for', async (t) => {
  const plain = await resolved(t, proxy('preset = "authelia"\n'))
  assert.deepEqual([plain.proxy?.userHeader, plain.proxy?.assertion], ['remote-user', null])
  await refused(t, proxy('preset = "google-iap"\n'), /\[auth_incomplete\] .*audience/)
  await refused(t, proxy('preset = "aws-alb"\n'), /\[auth_incomplete\] .*signer/)
  const iap = await resolved(t, proxy('preset = "google-iap"\naudience = ["/projects/1/apps/x"]\n'))
  assert(iap.proxy?.assertion?.kind === 'jwt')
  assert.deepEqual(iap.proxy.assertion.jwt.issuers[0]?.algorithms, ['ES256'])
  const arn = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/name/id'
  const alb = await resolved(t, proxy(`preset = "aws-alb"\nsigner = "${arn}"\n`))
  assert(alb.proxy?.assertion?.kind === 'aws-alb')
  assert.equal(alb.proxy.assertion.keysUrl, 'https://public-keys.auth.elb.eu-west-1.amazonaws.com/')
})

test('the names of the predecessor fill the new keys, and turn nothing on', async (t) => {
  const env = {
    FLUXLIT_JWT_ISSUER: 'https://old.example',
    FLUXLIT_JWT_AUDIENCE: 'old',
    FLUXLIT_JWT_JWKS_URL: 'https://old.example/keys',
    FLUXLIT_JWT_LEEWAY_SECONDS: '5',
  }
  const auth = await resolved(t, 'modes = ["jwt"]\n', { env })
  const [issuer] = auth.jwt?.issuers ?? []
  assert.deepEqual(
    [issuer?.issuer, issuer?.audience, issuer?.keys, auth.jwt?.leewayS],
    ['https://old.example', ['old'], { kind: 'url', url: 'https://old.example/keys' }, 5],
  )
  const off = await project(t, { ...usualFiles, 'fluxlit.toml': workers })
  assert.equal(loadValid(off, { env }).config.auth, null)
})

test('rates are numbers of requests in a time', async (t) => {
  const file = { ...usualFiles, 'fluxlit.toml': `[limits]\nrate = "600/m"\nrate_by = "user"\n${workers}` }
  const { config } = loadValid(await project(t, file))
  assert.deepEqual(config.limits.rate, { requests: 600, periodMs: 60_000, burst: 600, by: 'user' })
  const bad = { ...usualFiles, 'fluxlit.toml': `[limits]\nrate = "fast"\n${workers}` }
  assert.match(problemLines(load(await project(t, bad))).join(), /:2: \[bad_value\] `limits\.rate`/)
})
