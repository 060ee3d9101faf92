/** What the code of a page gets of the gateway and of other workers when it runs under an account of its own. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { WebSocket } from 'ws'

import { hashPassword } from '../../internal/auth/password.ts'
import { app } from '../support/apps.ts'
import { makePair, openssl } from '../support/certificates.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { loginToml } from '../support/login-toml.ts'
import { otherAccountRuns } from '../support/other-account.ts'
import { python } from '../support/python.ts'
import { rerun } from '../support/streamlit.ts'
import { tlsName } from '../support/tls.ts'
import { pidOf } from '../support/verb.ts'

const [pages, others] = [65_533, 65_532]
const through = otherAccountRuns(pages)
const skip = typeof through === 'string' && through

/** Texts that must be nowhere a page can look. */
const secrets = {
  client: `client-${randomBytes(12).toString('hex')}`,
  session: randomBytes(32).toString('base64url'),
  redis: `redis-${randomBytes(12).toString('hex')}`,
}

/** A directory as an operator would lay it out: the app for everybody, secrets for the gateway alone. */
async function laidOut(t: TestContext, session: string): Promise<string> {
  const toml = `
name = "shop"
[tls]
cert_file = "secrets/app.example.crt"
key_file = "secrets/app.example.key"
${loginToml({
  // Nobody signs in there.
  issuer: 'http://127.0.0.1:9',
  modes: ['basic'],
  auth: `[auth.headers]\nassertion_key_file = "secrets/assertion.pem"\n[[auth.basic.users]]\nname = "ann"\npassword_hash = '${await hashPassword('ann')}'`,
  session: `${session}\nsecrets_env = "SESSION_SECRETS"\nredis_url_env = "REDIS_URL"`,
}).replace(/client_secret = .*/, 'client_secret_file = "secrets/client"')}
[state]
dir = "state"
[workers.ui]
script = "app/page.py"
cwd = "app"
user = "${pages}:${pages}"
[workers.api]
app = "api:app"
cwd = "app"
user = "${others}:${others}"
`
  const directory = await freshDirectory(t, {
    files: {
      'fluxlit.toml': toml,
      '.env': `REDIS_URL=redis://:${secrets.redis}@127.0.0.1:9/0\n`,
      'secrets/client': secrets.client,
      'app/page.py': app('closed_page.py'),
      'app/burglar.py': app('burglar.py'),
      'app/api.py': app('api.py'),
    },
  })
  const inside = (name: string): string => join(directory, name)
  await makePair(inside('secrets'), tlsName)
  await openssl(
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-out',
    inside('secrets/assertion.pem'),
  )
  for (const name of readdirSync(inside('secrets'))) await chmod(inside(`secrets/${name}`), 0o600)
  for (const name of ['fluxlit.toml', '.env']) await chmod(inside(name), 0o600)
  await chmod(directory, 0o755)
  await mkdir(inside('app/loot'))
  await chown(inside('app/loot'), pages, pages)
  return directory
}

/** What there is to be had, for the burglar. */
async function goodsOf(running: Gateway): Promise<Record<string, unknown>> {
  const { pid, directory } = running
  const api = await pidOf(running, 'api')
  const open = readFileSync('/proc/net/unix', 'latin1').match(/\/\S+$/gm) ?? []
  const sockets = open.filter((path) => path.includes(`/${pid}/`) || path.includes(`/${pid}-api/`))
  assert.ok(
    sockets.some((path) => path.endsWith('control.sock')) && sockets.some((path) => path.includes('-api/')),
  )
  const state = readdirSync(join(directory, 'state')).map((name) => join(directory, 'state', name))
  const kept = readdirSync(join(directory, 'secrets')).map((name) => join(directory, 'secrets', name))
  const runtime = sockets.find((path) => path.endsWith('control.sock'))?.replace(/\/control\.sock$/, '') ?? ''
  return {
    processes: {
      'the gateway': [pid, mappingOf(pid)],
      'the other worker': [api, mappingOf(pid)],
    },
    files: [
      ...state.filter((path) => !path.endsWith('.sock')),
      ...kept.filter((path) => !path.endsWith('.crt')),
      join(directory, 'fluxlit.toml'),
      join(directory, '.env'),
      join(runtime, 'bootstrap.py'),
    ],
    directories: [join(directory, 'state'), runtime, `${runtime}-api`, join(runtime, '..')],
    sockets,
    adminUrl: await running.adminUrl(),
    admin: ['/', '/status', '/metrics', '/events', '/why?id=x'],
  }
}

/** Where something of a process lies in its memory. */
function mappingOf(pid: number): number {
  return Number.parseInt(readFileSync(`/proc/${pid}/maps`, 'latin1').split('-')[0] ?? '', 16)
}

interface Loot {
  readonly found: Readonly<Record<string, string>>
  readonly own: {
    readonly environment: string
    readonly commands: string
    readonly descriptors: Readonly<Record<string, string>>
    readonly capabilities: string
    readonly ids: readonly (readonly string[])[]
  }
}

/** Has the page run once, for somebody who is signed in. */
async function visit(t: TestContext, { url }: Gateway): Promise<void> {
  const headers = {
    authorization: `Basic ${Buffer.from('ann:ann').toString('base64')}`,
    origin: url.replace(/\/\/[^:]+/, `//${tlsName}`),
    host: `${tlsName}:${new URL(url).port}`,
  }
  const address = `${url.replace(/^http/, 'ws')}/_stcore/stream`
  const socket = new WebSocket(address, ['streamlit'], { headers, rejectUnauthorized: false })
  t.after(() => socket.terminate())
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(rerun)
}

for (const store of ['sqlite', 'redis'])
  test(
    `a page with an account of its own gets nothing of the gateway, sessions in ${store}`,
    { skip },
    async (t) => {
      const directory = await laidOut(t, `store = "${store}"`)
      const running = await gateway(t, {
        cwd: directory,
        env: { SESSION_SECRETS: secrets.session },
        through: typeof through === 'string' ? [] : through,
      })
      await running.ready()
      const goods = await goodsOf(running)
      await writeFile(join(directory, 'app', 'goods.begun'), JSON.stringify(goods))
      await rename(join(directory, 'app', 'goods.begun'), join(directory, 'app', 'goods.json'))
      await visit(t, running)
      const path = join(directory, 'app', 'loot', 'found.json')
      await eventually('the page has tried everything', () => existsSync(path))
      const { found, own }: Loot = JSON.parse(await readFile(path, 'utf8'))

      await t.test('what it tries is refused, all of it', () => {
        const refusals = ['Permission denied', 'Operation not permitted']
        const had = Object.entries(found).filter(([, outcome]) => !refusals.includes(outcome))
        assert.deepEqual(had, [])
        assert.ok(Object.keys(found).length > 40, Object.keys(found).join('\n'))
      })

      await t.test('and was there to be had: root gets it', () => {
        const { stdout, stderr } = spawnSync(python(), [join(directory, 'app', 'burglar.py')], {
          input: JSON.stringify(goods),
          encoding: 'utf8',
        })
        const missed = Object.entries(JSON.parse(stdout || '{"failed": ""}')).filter(
          // The kernel's stack, and other accounts' processes, take more than being root in a container.
          ([what, outcome]) => !String(outcome).startsWith('had: ') && !/^stack|the other worker/.test(what),
        )
        assert.deepEqual(missed, [], stderr)
      })

      await t.test('the gateway finds nothing that lies open', () => {
        assert.doesNotMatch(running.output, /holds secrets of the gateway/)
      })

      await t.test('nothing secret is in its environment, or on anybody’s command line', () => {
        for (const [name, secret] of Object.entries(secrets)) {
          assert.equal(own.environment.includes(secret), false, `the ${name} secret is in its environment`)
          assert.equal(own.commands.includes(secret), false, `the ${name} secret is on a command line`)
        }
        const names = own.environment.split('\0').map((entry) => entry.split('=')[0] ?? '')
        assert.deepEqual(
          names.filter((name) => /^(FLUXLIT_|SESSION_SECRETS|REDIS_URL)/.test(name)).toSorted(),
          [
            'FLUXLIT_API_PREFIX',
            'FLUXLIT_ASSERTION_JWKS',
            'FLUXLIT_INSTANCE',
            'FLUXLIT_INTERNAL_API_BASE',
            'FLUXLIT_SIGN_IN_PATH',
          ],
        )
      })

      await t.test('its descriptors lead to what is its own, and it may do nothing special', () => {
        const foreign = Object.values(own.descriptors).filter(
          (target) =>
            !/^(pipe:|socket:|anon_inode:|\/dev\/null$|\/proc\/)/.test(target) &&
            !target.startsWith(join(directory, 'app')),
        )
        assert.deepEqual(foreign, [])
        assert.match(own.capabilities, /^0+$/)
        const id = String(pages)
        assert.deepEqual(own.ids.slice(0, 2), [Array(4).fill(id), Array(4).fill(id)])
        assert.ok(
          own.ids[2]?.every((group) => group === id),
          `groups ${own.ids[2]?.join(' ')}`,
        )
      })
    },
  )
