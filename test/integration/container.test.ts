import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'

import { app } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { container, withoutContainer } from '../support/container.ts'
import type { ContainerOptions } from '../support/container.ts'
import { eventually } from '../support/eventually.ts'
import { firstProcessOf } from '../support/first-process.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway, GatewayOptions } from '../support/gateway.ts'
import { ask, json, nextPiece, open, read, responseTo, shakeHands } from '../support/http.ts'
import { load } from '../support/load.ts'

const impossible = withoutContainer()
if (impossible !== false) console.log(`no container: ${impossible}`)

suite('in a container with a small Debian, read-only and without privileges', { skip: impossible }, () => {
  before(() => container(), { timeout: 600_000 })

  test('65, 61: the quickstart is served as the Dockerfile says, without libatomic', async (t) => {
    const running = await contained(t, { from: 'examples/quickstart' })
    await running.ready()
    const first = firstProcessOf(running)
    assert.equal(run(first, 'find', '/', '-xdev', '-name', 'libatomic*').stdout, '')
    assert.match(
      readFileSync(`/proc/${first}/status`, 'latin1'),
      /^Uid:\t65532\t[^]*^CapBnd:\t0+$[^]*^NoNewPrivs:\t1$/m,
    )
    assert.equal(run(first, 'touch', '/app/x', '/etc/x').status, 1, 'the root file system is read-only')

    assert.equal((await ask(`${running.url}/api/items`)).status, 200)
    assert.match((await ask(`${running.url}/`)).body, /<title>Streamlit<\/title>/)
    const socket = await shakeHands(`${running.socketUrl}/_stcore/stream`, { origin: running.url })
    assert.equal(socket.kind, 'open')
    if (socket.kind === 'open') socket.socket.destroy()

    const checked = run(first, 'fluxlit', 'healthcheck', '-c', '/app/fluxlit.toml')
    assert.deepEqual([checked.status, checked.stdout], [0, 'ready\n'], checked.stderr)
    process.kill(first, 'SIGTERM')
    assert.equal((await running.exited).code, 0, running.output)
  })

  test('kill -TERM of process 1 under load loses no request', async (t) => {
    const running = await contained(t, {
      toml: '[workers.api]\napp = "api:app"\n',
      files: { 'api.py': app('api.py') },
      env: { FLUXLIT_DRAIN_DELAY: '2s' },
    })
    await running.ready()
    const slow = open(`${running.url}/api/until/go`)
    slow.end()
    const answer = await responseTo(slow)
    assert.equal(await nextPiece(answer), 'started\n')
    const loads = [true, false].map((keepAlive) =>
      load(t, { url: `${running.url}/api/`, lanes: 3, keepAlive }),
    )
    await Promise.all(loads.map((each) => each.more(20)))

    process.kill(firstProcessOf(running), 'SIGTERM')
    // What a load balancer does: it goes on until it hears that the Pod is not ready.
    await eventually(
      'readyz says 503',
      async () => (await ask(`${running.url}/__fluxlit/readyz`)).status === 503,
    )
    await Promise.all(loads.map((each) => each.more(10)))
    const sent = (await Promise.all(loads.map((each) => each.stop()))).flat()
    await writeFile(join(running.directory, 'go'), '')
    assert.equal((await read(answer)).body, 'finished\n', 'what was in flight is finished')
    assert.deepEqual(
      loads.flatMap((each) => each.failed),
      [],
    )
    assert.ok(sent.length >= 60, `${sent.length} requests`)
    assert.equal((await running.exited).code, 0, running.output)
    assert.deepEqual(running.processes(), [])
  })

  test('61: any account without a home will do, for Streamlit too, and clients of IPv6 are served', async (t) => {
    const running = await contained(t, {
      toml: '[workers.api]\napp = "api:app"\n[workers.ui]\nscript = "headers.py"\n',
      files: { 'api.py': app('api.py'), 'headers.py': app('headers.py') },
      container: { user: '1234567:0', env: { HOME: undefined } },
    })
    await running.ready()
    const { port } = new URL(running.url)
    for (const host of ['127.0.0.1', '[::1]'])
      assert.deepEqual(json((await ask(`http://${host}:${port}/api/`)).body), { message: 'api' }, host)
    const first = firstProcessOf(running)
    assert.equal(run(first, 'fluxlit', 'healthcheck', '-c', '/app/fluxlit.toml').stdout, 'ready\n')
    process.kill(first, 'SIGTERM')
    assert.equal((await running.exited).code, 0, running.output)
  })
})

/** A gateway that is process 1 of a container. */
async function contained(
  t: Cleanup,
  options: GatewayOptions & { readonly container?: ContainerOptions },
): Promise<Gateway> {
  const { through, env } = await container(options.container)
  return gateway(t, { ...options, through, env: { ...env, ...options.env } })
}

/** Runs a command in the container of a process, with its account and variables, as `kubectl exec` and probes do. */
function run(first: number, ...words: readonly string[]) {
  const status = readFileSync(`/proc/${first}/status`, 'latin1')
  const [uid = '', gid = ''] = ['Uid', 'Gid'].map(
    (name) => new RegExp(`^${name}:\\t(\\d+)`, 'm').exec(status)?.[1],
  )
  const variables = readFileSync(`/proc/${first}/environ`, 'utf8')
    .split('\0')
    .filter((pair) => pair !== '')
  const enter = [
    '--target',
    String(first),
    '--mount',
    '--pid',
    '--ipc',
    '--uts',
    '--root',
    '--setuid',
    uid,
    '--setgid',
    gid,
  ]
  return spawnSync('nsenter', [...enter, '--', 'env', '-i', '--chdir=/app', ...variables, ...words], {
    encoding: 'utf8',
  })
}
