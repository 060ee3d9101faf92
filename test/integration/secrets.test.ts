import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { eventually } from '../support/eventually.ts'
import type { TestContext } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import { run } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json, nextPiece, open as openRequest, responseTo } from '../support/http.ts'
import { verb } from '../support/verb.ts'

/** Text that no output may hold; every place has its own, so that a failure says where it came from. */
const secret = (place: string): string => `s3cr3t-${place}`
const anySecret = /s3cr3t-[a-z-]+/g

/** Asserts that nothing planted is in a text. */
function assertClean(text: string, what: string): void {
  assert.deepEqual([...new Set(text.match(anySecret) ?? [])], [], what)
}

const env = {
  DB_PASSWORD: secret('inherited'),
  UPSTREAM: `postgres://me:${secret('inherited-url')}@db.example/shop`,
}

const toml = `log_level = "trace"
[workers.api]
app = "api:app"
env_file = "api.env"
replicas = 2
[workers.api.env]
API_TOKEN = "${secret('env')}"
BROKER = "redis://:${secret('env-url')}/with@signs@broker.example/0"
INDEX = "https://${secret('env-userinfo')}@packages.example/simple"
HOOK = "https://hooks.example/?token=${secret('env-query')}&x=1"
[workers.queue]
kind = "process"
required = false
command = ["sleep", "100000"]
env_file = "queue.env"
before_start = ["true --password ${secret('before-start')} --broker=amqp://me:${secret('before-start-url')}@mq"]
[workers.gone]
url = "unix:gone.sock"
mount = "/gone"
required = false
[timeouts]
hold = "1s"
[admin]
password = "${secret('admin')}"
[log.audit]
file = "audit.log"
`

/** An exception that quotes what the worker was given. */
const leak = `
@app.get("/leak")
def leak():
    names = ["API_TOKEN", "SIGNING_KEY", "MAIL_PASSWORD", "UPSTREAM", "BROKER", "DB_PASSWORD"]
    raise RuntimeError("it was " + " ".join(os.environ[name] for name in names))
`

const files = {
  'api.py': app('api.py') + leak,
  'api.env': `SIGNING_KEY=${secret('env-file')}\nFEED="https://me:${secret('env-file-url')}@feed.example/"\n`,
  'queue.env': `QUEUE_SECRET='${secret('queue')}'\n`,
  '.env': `MAIL_PASSWORD=${secret('dot-env')}\nFLUXLIT_NAME=secrets\n`,
}

/** Headers of a client that has something to lose. */
const headers = {
  authorization: `Bearer ${secret('authorization')}`,
  cookie: `session=${secret('cookie')}`,
  'x-api-key': secret('header'),
  'proxy-authorization': `Basic ${secret('proxy-authorization')}`,
  referer: `https://me:${secret('referer')}@app.example/?code=${secret('referer-query')}`,
}

const query = `token=${secret('query')}&code=${secret('code')}`

test('53: what clients and the configuration keep secret is in no log, status, page or command line', async (t) => {
  const running = await (await gateway(t, { toml, files, env })).ready()

  await t.test('the worker has what the configuration gives it, and the request as it was sent', async () => {
    const told = json<Record<string, string>>((await ask(`${running.url}/api/environment`)).body)
    for (const [name, place] of Object.entries({
      DB_PASSWORD: 'inherited',
      API_TOKEN: 'env',
      SIGNING_KEY: 'env-file',
      MAIL_PASSWORD: 'dot-env',
    }))
      assert.equal(told[name], secret(place))
    const seen = (await ask(`${running.url}/api/seen/x?${query}`, { headers })).body
    assert.match(seen, /s3cr3t-query/)
    assert.match(seen, /s3cr3t-authorization/)
  })

  await t.test('pages for what goes wrong', async () => {
    for (const accept of ['text/html', 'application/json', 'text/plain']) {
      for (const [path, status] of [
        ['/nothing', 404],
        ['/gone/x', 503],
        ['/api/%2e%2e/x', 400],
      ] as const) {
        const answer = await ask(`${running.url}/x`, {
          headers: { ...headers, accept, 'sec-fetch-mode': 'navigate' },
          target: `${path}?${query}`,
        })
        assert.equal(answer.status, status, path)
        assertClean(answer.body + JSON.stringify(answer.headers), path)
      }
    }
  })

  await t.test('a user and password in the request line', async () => {
    const authority = `me:${secret('userinfo')}@${new URL(running.url).host}`
    const answer = await ask(running.url, { headers, target: `http://${authority}/api/?${query}` })
    assertClean(answer.body, 'the answer')
  })

  await t.test('handshakes that succeed and that fail', async () => {
    const protocols = ['chat', `bearer.${secret('protocol')}`]
    const open = new WebSocket(`${running.socketUrl}/api/echo?${query}`, protocols, { headers })
    await once(open, 'message')
    open.close()
    await once(open, 'close')
    for (const path of ['/nothing', '/gone/x', '/api/refuse']) {
      const refused = new WebSocket(`${running.socketUrl}${path}?${query}`, protocols, { headers })
      await once(refused, 'error')
    }
  })

  await t.test('a worker that dies with requests in it', async () => {
    await ask(`${running.url}/api/die?${query}`, { headers, method: 'GET' })
    await running.record('its death', ({ reason }) => String(reason).includes('exit status 3'))
  })

  await t.test('status, in both forms, and the dump into the log', async () => {
    for (const words of [['status'], ['status', '--json']]) {
      const { code, stdout, stderr } = await verb(running, ...words)
      assert.equal(code, 0)
      assertClean(stdout + stderr, words.join(' '))
    }
    running.signal('SIGUSR2')
    await running.record('the dump', ({ msg }) => msg === 'state')
  })

  await t.test(
    'a traceback that quotes the environment, why a request failed, and the whole admin listener',
    async () => {
      // The worker died a moment ago.
      const failed = await eventually('its exception', async () => {
        const answer = await ask(`${running.url}/api/leak?${query}`, { headers })
        return answer.status === 500 && answer
      })
      const refused = await ask(`${running.url}/nothing?${query}`, { headers })
      await running.record('the traceback', ({ msg }) =>
        /RuntimeError: it was \[redacted\]/.test(String(msg)),
      )
      const admin = await running.adminUrl()
      const authorization = `Basic ${Buffer.from(`me:${secret('admin')}`).toString('base64')}`
      for (const { headers: told } of [failed, refused]) {
        const id = String(told['x-request-id'])
        for (const words of [
          ['why', id],
          ['why', id, '--json'],
        ]) {
          const { code, stdout, stderr } = await verb(running, ...words)
          assert.equal(code, 0, stderr)
          assertClean(stdout + stderr, words.join(' '))
        }
        assertClean((await ask(`${admin}/why?id=${id}`, { headers: { authorization } })).body, 'why')
      }
      const { stdout } = await verb(running, 'why', String(failed.headers['x-request-id']))
      assert.match(stdout, /RuntimeError: it was \[redacted\]/)
      for (const path of ['/', '/status', '/metrics']) {
        const { status, body } = await ask(admin + path, { headers: { authorization } })
        assert.equal(status, 200)
        assertClean(body, path)
      }
      const outgoing = openRequest(`${admin}/events`, { headers: { authorization } })
      outgoing.end()
      const events = await responseTo(outgoing)
      let snapshot = ''
      while (!snapshot.includes('\n\n')) snapshot += await nextPiece(events)
      outgoing.destroy()
      assert.match(snapshot, /"path":"workers\.api\.env\.API_TOKEN","value":"\[redacted\]"/)
      assertClean(snapshot, 'events')
    },
  )

  await t.test('a reload that fails, and one that succeeds', async () => {
    const broken = toml.replace(/^API_TOKEN = .*$/m, `API_TOKEN = ["${secret('broken')}"]`)
    await writeFile(join(running.directory, 'fluxlit.toml'), broken)
    assertClean(...(await reload(running, 1)))
    await writeFile(join(running.directory, 'fluxlit.toml'), toml)
    assertClean(...(await reload(running, 0)))
  })

  await t.test('command lines', async () => {
    // A process that has just been made shows its parent's command line for a moment.
    await eventually('all processes are there', () => running.processes().length >= 4)
    const commands = running.processes().map(({ command }) => command)
    assertClean(commands.join('\n'), 'command lines')
  })

  await running.stop()
  assert.match(running.output, /"path":"\/api\/seen\/x\?\[redacted\]"/)
  assert.match(running.output, /WebSocket \/api\/echo\?\[redacted\]/)
  assertClean(running.output, 'everything the gateway wrote')
  const audited = await readFile(join(running.directory, 'audit.log'), 'utf8')
  assert.match(audited, /"event":"reload"/)
  assertClean(audited, 'the audit stream')
})

/** Reloads; resolves to what the verb wrote. */
async function reload(running: Gateway, status: number): Promise<readonly [string, string]> {
  const { code, stdout, stderr } = await verb(running, 'reload')
  assert.equal(code, status, stdout + stderr)
  return [stdout + stderr, 'reload']
}

/** What `fluxlit check` writes about a configuration, in a directory of its own. */
async function check(t: TestContext, text: string, options: CheckOptions = {}): Promise<string> {
  const cwd = await freshDirectory(t, { files: { ...files, ...options.files, 'fluxlit.toml': text } })
  const { code, stdout, stderr } = await run(['check', ...(options.words ?? [])], {
    cwd,
    env: { ...env, ...options.env },
  })
  assert.equal(code, options.code ?? 0, stdout + stderr)
  await rm(join(cwd, 'fluxlit.toml'))
  return stdout + stderr
}

interface CheckOptions {
  readonly words?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly code?: number
}

test('53: `check` shows every value but the secret ones', async (t) => {
  for (const words of [[], ['--json'], ['--worker', 'api'], ['--worker', 'api', '--json']]) {
    const text = await check(t, toml, { words })
    assert.match(text, /\[redacted\]/)
    assertClean(text, `check ${words.join(' ')}`)
  }
})

test('53: `check` does not quote a secret in the mistake it is part of', async (t) => {
  const worker = '[workers.api]\napp = "api:app"\n'
  const wrong: readonly (readonly [string, CheckOptions?])[] = [
    [`${worker}[workers.api.env]\nPASSWORD = ["${secret('list')}"]\n`],
    [`${worker}env = "PASSWORD=${secret('text')}"\n`],
    [`${worker}args = "--token ${secret('args')}"\n`],
    [`${worker}[workers.api.env]\nPASSWORD = "${secret('not-closed')}\n`],
    [`${worker}[workers.api.env]\nPASSWORD = ${secret('bare')}\n`],
    [`[workers.x]\nurl = "http://me:${secret('url')}@host"\nmount = "/"\n`],
    [`public_base_url = "https://me:${secret('base-url')}@host"\n${worker}`],
    [`${worker}[auth]\nallowed_origins = ["https://me:${secret('origin')}@host"]\n`],
    [`${worker}[workers.x]\nmount = "/x"\ncommand = "serve --password ${secret('command')}"\n`],
    [`${worker}before_start = [["migrate", "--dsn", 5, "${secret('before')}"]]\n`],
    [worker, { env: { FLUXLIT_WORKERS_API_ENV: `{"PASSWORD": "${secret('json')}"` } }],
    [worker, { env: { FLUXLIT_WORKERS_API_ENV: `["${secret('json-list')}"]` } }],
    [`${worker}env_file = "x.env"\n`, { files: { 'x.env': `PASSWORD ${secret('line')}\n` } }],
    [`${worker}env_file = "x.env"\n`, { files: { 'x.env': `PASSWORD="${secret('quote')}\n` } }],
  ]
  for (const [text, options] of wrong) {
    const told = await check(t, text, { ...options, code: 2 })
    assertClean(told, told)
  }
})
