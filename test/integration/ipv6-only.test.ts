import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'

import { app } from '../support/apps.ts'
import { binary, run } from '../support/binary.ts'
import type { Finished } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { json } from '../support/http.ts'
import { python } from '../support/python.ts'
import { status, verb } from '../support/verb.ts'

const exec = promisify(execFile)

/** Starts a command on a network of its own. */
function network(commands: string): readonly string[] {
  return ['unshare', '--net', '--mount', 'sh', '-euc', `${commands}\nexec "$@"`, 'sh']
}

const sixAlone = network(`ip link set lo up
ip address delete 127.0.0.1/8 dev lo
ip address add fd00::1/128 dev lo`)

// What `ipv6.disable_ipv6=1` and sysctl do: the kernel knows IPv6, and no interface has an address of it.
const fourAlone = network(`mount -t proc proc /proc
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
ip link set lo up`)

function without(around: readonly string[]): string | false {
  const [program, ...words] = [...around, 'true']
  const { status: code, stderr, error } = spawnSync(program, words, { encoding: 'utf8' })
  return code === 0 ? false : `no network of its own can be had: ${error?.message ?? stderr.trim()}`
}

const toml = `[workers.api]
app = "api:app"
[workers.port]
app = "api:app"
mount = "/port"
transport = "tcp"
[workers.ui]
script = "headers.py"
transport = "tcp"
[workers.own]
command = ["${python()}", "-m", "uvicorn", "--host", "{host}", "--port", "{port}", "--root-path", "{host}:{port}", "api:app"]
mount = "/own"
transport = "tcp"
`
const files = { 'api.py': app('api.py'), 'headers.py': app('headers.py') }

/** The answers to GET requests from inside the gateway's network. */
async function asked(running: Gateway, ...urls: readonly string[]): Promise<readonly string[]> {
  const words = ['--target', String(running.pid), '--net', python(), '-c', fetching, ...urls]
  return json<readonly string[]>((await exec('nsenter', words)).stdout)
}

const fetching = `import json, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(json.dumps([opener.open(url, timeout=30).read().decode() for url in sys.argv[1:]]))`

const noSix = without(sixAlone)
if (noSix !== false) console.log(noSix)

suite('a machine with IPv6 alone', { skip: noSix }, () => {
  test('needs no configuration: the gateway, its operators and its workers meet on ::1', async (t) => {
    const env = { FLUXLIT_ADMIN_LISTEN: undefined }
    const running = await (await gateway(t, { toml, files, env, through: sixAlone })).ready()
    assert.match(running.url, /^http:\/\/\[::1\]:\d+$/)
    assert.equal(await running.adminUrl(), 'http://[::1]:9464')
    const paths = ['/api/', '/port/', '/own/', '/_stcore/health', '/api/environment', '/own/seen/x']
    const answers = await asked(running, ...paths.map((path) => running.url + path))
    const [api, port, own, ui, environment = '', seen = ''] = answers
    assert.deepEqual([api, port, own, ui].join(), '{"message":"api"},{"message":"api"},{"message":"api"},ok')
    assert.match(json<{ root_path: string }>(seen).root_path, /^\[::1\]:\d+$/, '{host}:{port} is an address')
    const base = json<Record<string, string>>(environment)['FLUXLIT_INTERNAL_API_BASE'] ?? ''
    assert.match(base, /^http:\/\/\[::1\]:\d+\/api$/)
    const [inner, ready = ''] = await asked(running, `${base}/`, 'http://[::1]:9464/readyz')
    assert.deepEqual([inner, json<{ status: string }>(ready).status], ['{"message":"api"}', 'ready'])

    assert.equal((await status(running)).workers['port']?.address?.startsWith('[::1]:'), true)
    assert.equal((await verb(running, 'healthcheck')).code, 0)
    const healthcheck = [binary(), 'healthcheck', '--url', running.url]
    assert.equal(
      (await exec('nsenter', ['--target', String(running.pid), '--net', ...healthcheck])).stdout,
      'ready\n',
    )
    assert.equal((await running.stop()).code, 0, running.output)
  })

  test('"::" is every address, "localhost" is ::1, and 127.0.0.1 is told to be none', async (t) => {
    const start = (host: string): Promise<Gateway> => oneApi(t, sixAlone, host)
    const every = await (await start('::')).ready()
    const { port } = new URL(every.url)
    assert.deepEqual(await asked(every, `http://[fd00::1]:${port}/api/`), ['{"message":"api"}'])
    assert.match((await start('localhost')).url, /^http:\/\/\[::1\]:/)
    const refused = await refusal(t, sixAlone, '127.0.0.1')
    assert.equal(refused.code, 1)
    assert.match(
      refused.stderr,
      /^error\[bind_failed\]: --host: 127\.0\.0\.1:0 cannot .* no IPv4\n {2}hint: .* ::1 or ::$/m,
    )
  })
})

const noFour = without(fourAlone)
if (noFour !== false) console.log(noFour)

test(
  'on a machine with IPv4 alone "::" and "localhost" are that, and ::1 is told to be none',
  { skip: noFour },
  async (t) => {
    const start = (host: string): Promise<Gateway> => oneApi(t, fourAlone, host)
    for (const host of ['::', 'localhost']) {
      const running = await (await start(host)).ready()
      const { port } = new URL(running.url)
      assert.deepEqual(await asked(running, `http://127.0.0.1:${port}/api/`), ['{"message":"api"}'])
    }
    const refused = await refusal(t, fourAlone, '::1')
    assert.equal(refused.code, 1)
    assert.match(
      refused.stderr,
      /^error\[bind_failed\]: --host: \[::1\]:0 cannot .* no IPv6\n {2}hint: .* 127\.0\.0\.1 or 0\.0\.0\.0$/m,
    )
  },
)

const oneToml = '[workers.api]\napp = "api:app"\n'

function oneApi(t: Cleanup, through: readonly string[], host: string): Promise<Gateway> {
  const env = { FLUXLIT_ADMIN_LISTEN: undefined }
  return gateway(t, { toml: oneToml, files, args: ['--host', host], env, through })
}

/** How a start ends that cannot listen. */
async function refusal(t: Cleanup, through: readonly string[], host: string): Promise<Finished> {
  const cwd = await freshDirectory(t, { files: { ...files, 'fluxlit.toml': oneToml } })
  return run(['serve', '--host', host, '--port', '0'], { cwd, through })
}
