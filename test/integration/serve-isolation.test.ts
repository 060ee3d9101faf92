import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { issuer, keyServer, Signer } from '../support/auth.ts'
import { finished } from '../support/binary.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { python } from '../support/python.ts'

interface Seen {
  readonly headers: Readonly<Record<string, readonly string[]>>
}

const files = { 'api.py': app('api.py'), 'headers.py': app('headers.py') }
const toml = `[workers.api]
app = "api:app"
env = { GREETING = "hello" }
[workers.ui]
script = "headers.py"
`

/** Paths of Unix sockets named on the command lines and in the environments of the workers. */
function workerSockets(running: Gateway): readonly string[] {
  const words = running
    .processes()
    .flatMap(({ command, environment }) => [...command.split(' '), ...environment.values()])
  return [...new Set(words.filter((word) => word.startsWith('/')))].filter((path) => {
    return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
  })
}

// The interpreter starts as root, because it may lie where the other account cannot go, and changes then.
const connect = `
import errno, os, socket, sys
uid, path = int(sys.argv[1]), sys.argv[2]
endpoint = socket.socket(socket.AF_UNIX)
os.setgroups([]), os.setgid(uid), os.setuid(uid)
try:
    endpoint.connect(path)
    print("connected")
except OSError as error:
    print(errno.errorcode[error.errno])
`

/** Tries to connect to a Unix socket as some user; the word `connected` or the name of the error. */
async function connectAs(uid: number, path: string): Promise<string> {
  const child = spawn(python(), ['-I', '-c', connect, String(uid), path], { cwd: '/', env: {} })
  const { stdout, stderr } = await finished(child)
  return stdout.trim() || stderr
}

test('12: no other account can open a worker’s socket', async (t) => {
  const running = await (await gateway(t, { toml, files })).ready()
  const sockets = workerSockets(running)
  assert.ok(sockets.length >= 2, `found ${sockets.join(', ')}`)
  for (const path of sockets) {
    assert.equal(statSync(dirname(path)).mode & 0o077, 0, `${dirname(path)} is open to others`)
  }
  if (process.getuid?.() !== 0) return t.skip('becoming another account takes root')
  for (const path of sockets) {
    assert.equal(await connectAs(0, path), 'connected')
    assert.equal(await connectAs(65_534, path), 'EACCES')
  }
})

test('53, 54: a worker’s environment has what it needs and no secret of the gateway', async (t) => {
  const running = await gateway(t, {
    toml,
    files: { ...files, '.env': 'FROM_DOTENV=yes\nFLUXLIT_DOTENV_SECRET=hunter3\n' },
    env: {
      FLUXLIT_AUTH_CLIENT_SECRET: 'hunter2',
      ORDINARY: 'passed on',
      NOTIFY_SOCKET: '/nowhere/notify',
      WEB_CONCURRENCY: '7',
      FROM_DOTENV: undefined,
    },
  })
  await running.ready()
  const environment = json<Record<string, string>>((await ask(`${running.url}/api/environment`)).body)

  await t.test('nothing secret', () => {
    const names = Object.keys(environment).filter((name) => name.startsWith('FLUXLIT_'))
    const known = ['FLUXLIT_API_PREFIX', 'FLUXLIT_INSTANCE', 'FLUXLIT_INTERNAL_API_BASE', 'FLUXLIT_ROLE']
    assert.deepEqual(
      names.filter((name) => !known.includes(name)),
      [],
    )
    for (const { environment: values, pid } of running.processes()) {
      if (pid === running.pid) continue
      assert.ok(
        ![...values.values()].some((value) => /hunter[23]/.test(value)),
        `process ${pid} has a secret`,
      )
    }
    assert.equal(environment['NOTIFY_SOCKET'], undefined)
    assert.equal(environment['WEB_CONCURRENCY'], undefined)
  })

  await t.test('the gateway’s own environment, .env and the worker’s table', () => {
    assert.equal(environment['ORDINARY'], 'passed on')
    assert.equal(environment['FROM_DOTENV'], 'yes')
    assert.equal(environment['GREETING'], 'hello')
    assert.match(environment['NO_PROXY'] ?? '', /127\.0\.0\.1/)
  })

  await t.test('an address where the API answers, for the machine only', async () => {
    const base = environment['FLUXLIT_INTERNAL_API_BASE'] ?? ''
    assert.match(base, /^http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost):\d+\/api$/)
    assert.deepEqual(JSON.parse((await ask(`${base}/`)).body), { message: 'api' })
  })
})

test('attack 30: over TCP, where anybody on the machine can ask the worker, an app that checks the assertion believes nobody', async (t) => {
  const signer = new Signer()
  const keys = await keyServer(t, [signer.jwk])
  const guarded = `[auth]
modes = ["jwt"]
[auth.jwt]
issuer = "${issuer}"
audience = ["fluxlit-api"]
jwks_url = "${keys.url}"
[workers.api]
app = "identity_api:app"
transport = "tcp"
`
  const running = await gateway(t, { toml: guarded, files: { 'identity_api.py': app('identity_api.py') } })
  await running.ready()
  const { command = '' } = running.processes().find((one) => one.command.includes('identity_api:app')) ?? {}
  const port = /--port (\d+)/.exec(command)?.[1]
  assert.ok(port !== undefined, command)
  const past = `http://127.0.0.1:${port}/who`
  const through = await ask(`${running.url}/api/who`, {
    headers: { authorization: `Bearer ${signer.token()}` },
  })
  assert.equal(through.status, 200)
  const { 'x-fluxlit-jwt-assertion': [real = ''] = [] } = json<Seen>(through.body).headers
  const [header = '', , signature = ''] = real.split('.')
  const { kid } = json<{ kid: string }>(Buffer.from(header, 'base64url').toString())
  const forged = signer.token({ aud: 'fluxlit-worker', sub: 'admin' }, { kid })
  // Signed by somebody else; with the signature of one that is good; none.
  for (const assertion of [forged, `${header}.${forged.split('.')[1]}.${signature}`, '']) {
    const answer = await ask(past, {
      headers: { 'x-forwarded-user': 'admin', 'x-fluxlit-jwt-assertion': assertion },
    })
    assert.equal(answer.status, 401, answer.body)
  }
})
