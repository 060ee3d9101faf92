/** Signing in at the gateway, with the built executable in front of FastAPI: tokens, passwords, identity for workers. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import { issuer, keyServer, Signer } from '../support/auth.ts'
import { finished, start } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'

const signer = new Signer()
const cleanups: (() => void | Promise<void>)[] = []
const t: Cleanup = { after: (fn) => void cleanups.push(fn) }
let running: Gateway
let admin = ''

interface Who {
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly signed: Readonly<Record<string, unknown>>
}

const bearer = (token = signer.token()): { authorization: string } => ({ authorization: `Bearer ${token}` })

before(async () => {
  const keys = await keyServer(t, [signer.jwk])
  const toml = `
[auth]
modes = ["jwt"]
allowed_origins = ["https://portal.example"]
[auth.jwt]
issuer = "${issuer}"
audience = ["fluxlit-api"]
jwks_url = "${keys.url}"
[[auth.rules]]
path = "/api/open/**"
allow = "public"
[[auth.rules]]
path_regex = "/api/(free)+/[0-9]+"
allow = "public"
[[auth.rules]]
path = "/api/write"
methods = ["POST"]
scopes = ["write"]
[log]
user = "full"
[log.audit]
file = "audit.log"
[workers.api]
app = "identity_api:app"
`
  running = await gateway(t, { toml, files: { 'identity_api.py': app('identity_api.py') } })
  admin = await running.adminUrl()
  await running.ready()
})

after(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup()
})

describe('a gateway that wants bearer tokens', () => {
  test('sends nobody on who shows none, and says which kind it wants', async () => {
    const answer = await ask(`${running.url}/api/who`)
    assert.equal(answer.status, 401)
    assert.match(String(answer.headers['www-authenticate']), /^Bearer realm="/)
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
    assert.equal(json<{ code: string }>(answer.body).code, 'unauthenticated')
  })

  test('attack 30: tells FastAPI who asks, signed so that PyJWT believes it', async () => {
    const token = signer.token({
      name: 'Bob',
      email: 'bob@example.com',
      email_verified: true,
      groups: ['a', 'b'],
    })
    const forged = {
      'x-forwarded-user': 'admin',
      x_forwarded_user: 'admin',
      'X-Fluxlit-Jwt-Assertion': 'e30.e30.',
    }
    const answer = await ask(`${running.url}/api/who`, { headers: { ...bearer(token), ...forged } })
    assert.equal(answer.status, 200, answer.body)
    const { headers, signed } = json<Who>(answer.body)
    assert.deepEqual(headers['x-forwarded-user'], ['bob'])
    assert.deepEqual(headers['x-forwarded-email'], ['bob@example.com'])
    assert.deepEqual(headers['x-forwarded-groups'], ['a,b'])
    assert.deepEqual(headers['x-fluxlit-name'], ['Bob'])
    assert.equal(headers['x-fluxlit-jwt-assertion']?.length, 1)
    assert.deepEqual([signed['sub'], signed['groups'], signed['via']], ['bob', ['a', 'b'], 'jwt'])
    assert.deepEqual(headers['authorization'], [`Bearer ${token}`])
  })

  test('leaves open what a rule opens, and asks for scopes where one does', async () => {
    assert.equal((await ask(`${running.url}/api/open/nothing`)).status, 404)
    for (const [path, status] of [
      ['/api/freefree/12', 404],
      ['/api/free/12/x', 401],
      [`/api/${'free'.repeat(1900)}/x`, 401],
    ] as const)
      assert.equal((await ask(running.url + path)).status, status, path)
    const write = (scope: string): Promise<{ status: number }> =>
      ask(`${running.url}/api/write`, { method: 'POST', headers: bearer(signer.token({ scope })) })
    assert.deepEqual([(await write('read')).status, (await write('read write')).status], [403, 200])
  })

  test('attack 108, 109: lets programs open sockets that show a token, and refuses the handshake of others', async () => {
    const url = `${running.socketUrl}/api/ws`
    const socket = new WebSocket(url, { headers: bearer(signer.token({ sub: 'carol' })) })
    const said = await new Promise<string>((resolve, reject) => {
      socket.once('message', (data: Buffer) => resolve(data.toString()))
      socket.once('error', reject)
    })
    assert.equal(json<Record<string, unknown>>(said)['sub'], 'carol')
    const refused = new WebSocket(url, ['streamlit', 'very-special-secret'])
    const status = await new Promise<number | undefined>((resolve, reject) => {
      refused.once('unexpected-response', (_request, response) => resolve(response.statusCode))
      refused.once('open', () => reject(new Error('it was opened')))
    })
    assert.equal(status, 401)
    refused.on('error', () => undefined).terminate()
  })

  test('answers a preflight itself, for the pages that were named', async () => {
    const headers = { origin: 'https://portal.example', 'access-control-request-method': 'POST' }
    const answer = await ask(`${running.url}/api/write`, { method: 'OPTIONS', headers })
    assert.deepEqual(
      [
        answer.status,
        answer.headers['access-control-allow-origin'],
        answer.headers['access-control-allow-methods'],
      ],
      [200, 'https://portal.example', 'POST'],
    )
  })

  test('attack 119: names who asks in the log, and neither the token nor what a socket offers', async () => {
    const token = signer.token({ sub: 'dora' })
    await ask(`${running.url}/api/who`, { headers: bearer(token) })
    const line = await running.record('the access line of dora', (record) => record['user'] === 'dora')
    assert.equal(line['route'], 'api')
    await ask(`${running.url}/api/who`, { headers: bearer(`${token}x`) })
    await running.record('a refused token', (record) => record['reason'] === 'invalid_token')
    assert.equal(running.output.includes(token), false)
    assert.equal(running.output.includes('very-special-secret'), false)
  })

  test('writes down who was refused, and counts', async () => {
    await ask(`${running.url}/api/write`, { method: 'POST', headers: bearer() })
    await ask(`${running.url}/api/who`, { headers: { ...bearer(), 'X-Forwarded-User': 'admin' } })
    await ask(`${running.url}/api/who`, { headers: bearer('x') })
    const events = await eventually('the audit of all three', () => {
      const lines = readFileSync(join(running.directory, 'audit.log'), 'utf8').trim().split('\n')
      const read = lines.map((line) => json<Record<string, unknown>>(line))
      return read.at(-1)?.['reason'] === 'the token is not a signed JWT' && read
    })
    const found = (name: string): Record<string, unknown> | undefined =>
      events.findLast(({ event }) => event === name)
    assert.equal(found('authz.deny')?.['sub'], 'bob')
    assert.match(String(found('authz.deny')?.['rule']), /fluxlit\.toml:\d+$/)
    assert.equal(found('header.stripped')?.['name'], 'x-forwarded-user')
    assert.equal(found('jwt.reject')?.['client'], '127.0.0.1')
    const { body } = await ask(`${admin}/metrics`)
    assert.match(body, /fluxlit_auth_requests_total\{mode="jwt",result="ok"\} [1-9]/)
    assert.match(body, /fluxlit_auth_requests_total\{mode="jwt",result="rejected"\} [1-9]/)
    assert.match(body, /fluxlit_auth_requests_total\{mode="none",result="none"\} [1-9]/)
    assert.match(body, /fluxlit_auth_jwks_fetch_total\{result="ok"\} 1/)
  })

  test('explains from the command line what it would do', async () => {
    const { directory: cwd } = running
    const run = async (...args: readonly string[]): Promise<readonly [number | null, string]> => {
      const { code, stdout } = await finished(start([...args, '-c', 'fluxlit.toml'], { cwd }))
      return [code, stdout]
    }
    assert.deepEqual((await run('access', '/api/open/x'))[0], 0)
    const [code, text] = await run('access', 'ann@example.com', '/api/nowhere')
    assert.deepEqual([code, text.split('\n')[0]], [0, 'allowed'])
    assert.equal((await run('access', '/api/who'))[0], 1)
  })
})
