import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { clientAuth } from '../../../internal/auth/oidc/client-auth.ts'
import type { OidcConfig } from '../../../internal/config/login-types.ts'
import { load, loadValid, problemLines, project } from './project.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = ec.privateKey.export({ format: 'pem', type: 'pkcs8' })

async function directoryWith(t: TestContext, lines: string, files: Readonly<Record<string, string>> = {}) {
  const toml = `[workers.api]
app = "main:app"
[auth]
modes = ["oidc"]
[auth.oidc]
issuer = "https://idp.example"
client_id = "shop"
${lines}`
  return project(t, { 'main.py': '', 'client.pem': pem, ...files, 'fluxlit.toml': toml })
}

async function problems(t: TestContext, lines: string, files: Readonly<Record<string, string>> = {}) {
  return problemLines(load(await directoryWith(t, lines, files)))
}

async function oidc(t: TestContext, lines: string, files: Readonly<Record<string, string>> = {}) {
  const login = loadValid(await directoryWith(t, lines, files)).config.auth?.login
  assert(login)
  return login.oidc
}

const withKey = 'client_auth_method = "private_key_jwt"\nclient_key_file = "client.pem"\n'

test('a key goes with its method, a secret with its own, and never both', async (t) => {
  const cases: readonly (readonly [lines: string, wanted: RegExp])[] = [
    [
      'client_auth_method = "private_key_jwt"\n',
      /:8: \[oidc_incomplete\] `auth\.oidc\.client_key` is missing|:5: \[oidc_incomplete\] `auth\.oidc\.client_key` is missing/,
    ],
    [
      `${withKey}client_secret = "s"\n`,
      /:10: \[oidc_incomplete\] `auth\.oidc\.client_secret` is given, and not used/,
    ],
    [
      'client_secret = "s"\nclient_key_file = "client.pem"\n',
      /:9: \[oidc_incomplete\] `auth\.oidc\.client_key_file` is given/,
    ],
    [
      'client_auth_method = "none"\nclient_secret = "s"\n',
      /:9: \[oidc_incomplete\] `auth\.oidc\.client_secret` is given/,
    ],
  ]
  for (const [lines, wanted] of cases) {
    const found = await problems(t, lines)
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', wanted)
  }
})

test('a key that cannot sign is refused at its line, and not quoted', async (t) => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
    format: 'pem',
    type: 'pkcs8',
  })
  const publicJwk = JSON.stringify(ec.publicKey.export({ format: 'jwk' }))
  const locked = ec.privateKey.export({
    format: 'pem',
    type: 'pkcs8',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  })
  const texts = {
    'hunter2 is no key': /no private key/,
    [small]: /signs nothing/,
    [publicJwk]: /without a private/,
    [locked]: /encrypted/,
  }
  for (const [text, wanted] of Object.entries(texts)) {
    const found = await problems(t, withKey, { 'client.pem': text })
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', /:9: \[bad_client_key\]/)
    assert.match(found[0] ?? '', wanted)
    assert.doesNotMatch(found.join(), /hunter2|BEGIN/)
  }
  const [wrongAlg = ''] = await problems(t, `${withKey}client_assertion_alg = "RS256"\n`)
  assert.match(wrongAlg, /:10: \[bad_client_key\] .*\(ec\) cannot sign with RS256/)
})

test('the algorithm follows from the key, and a JWK names itself', async (t) => {
  assert.deepEqual(assertionOf(await oidc(t, withKey)), ['ES256', null, 'issuer'])
  const jwk = JSON.stringify({
    ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
    kid: 'one',
  })
  assert.deepEqual(assertionOf(await oidc(t, withKey, { 'client.pem': jwk })), ['RS256', 'one', 'issuer'])
  const named = `${withKey}client_key_id = "two"\nclient_assertion_alg = "PS256"\n`
  assert.deepEqual(assertionOf(await oidc(t, named, { 'client.pem': jwk })), ['PS256', 'two', 'issuer'])
})

function assertionOf({ clientAuth: auth }: OidcConfig): readonly (string | null)[] {
  assert(auth.method === 'private_key_jwt')
  return [auth.assertion.alg, auth.assertion.keyId, auth.assertion.audience]
}

test('a key that everybody on the machine can read is warned about', async (t) => {
  const directory = await directoryWith(t, withKey)
  for (const [mode, warned] of [
    [0o644, true],
    [0o640, false],
  ] as const) {
    await chmod(join(directory, 'client.pem'), mode)
    const { warnings } = loadValid(directory)
    assert.equal(
      warnings.some(({ code }) => code === 'client_key_exposed'),
      warned,
    )
  }
})

test('Microsoft gets the thumbprint of the certificate, PS256, and its own address', async (t) => {
  const entra = withKey.replace('client_auth', 'preset = "entra"\nclient_auth')
  const [missing = ''] = await problems(t, entra)
  assert.match(missing, /\[oidc_incomplete\] .*Microsoft finds the key of an application by its certificate/)

  const directory = await directoryWith(t, `${entra}client_certificate_file = "client.crt"\n`)
  const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=shop', '-days', '2']
  execFileSync('openssl', [...make, '-keyout', 'client.pem', '-out', 'client.crt'], {
    cwd: directory,
    stdio: 'ignore',
  })
  const login = loadValid(directory).config.auth?.login
  assert(login)
  const server = { issuer: 'https://idp.example', token_endpoint: 'https://idp.example/token' }
  const body = new URLSearchParams({ grant_type: 'authorization_code' })
  const sign = clientAuth(login.oidc.clientAuth)
  await Promise.resolve(sign(server, { client_id: 'shop' }, body, new Headers()))
  const [header = '', payload = '', signature = ''] = (body.get('client_assertion') ?? '').split('.')
  const certificate = new X509Certificate(readFileSync(join(directory, 'client.crt')))
  const thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
  assert.deepEqual(decoded(header), { alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint })
  const { aud, iss, sub } = decoded(payload)
  assert.deepEqual([aud, iss, sub], ['https://idp.example/token', 'shop', 'shop'])
  const pss = { key: certificate.publicKey, padding: 6, saltLength: 32 }
  assert(verify('sha256', Buffer.from(`${header}.${payload}`), pss, Buffer.from(signature, 'base64url')))
})

function decoded(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
}

test('a certificate of another key is refused', async (t) => {
  const directory = await directoryWith(t, `${withKey}client_certificate_file = "client.crt"\n`)
  const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=shop', '-days', '2']
  execFileSync('openssl', [...make, '-keyout', 'other.pem', '-out', 'client.crt'], {
    cwd: directory,
    stdio: 'ignore',
  })
  assert.match(
    problemLines(load(directory)).join(),
    /:10: \[bad_client_key\] .*does not belong to the certificate/,
  )
})
