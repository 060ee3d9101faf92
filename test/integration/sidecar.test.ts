import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { parse } from 'yaml'

import { binary, finished } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { repository } from '../support/python.ts'
import { status } from '../support/verb.ts'

/** What the manifest in config/deploy says about the sidecar. */
interface Manifest {
  readonly spec: {
    readonly template: { readonly spec: { readonly initContainers: readonly [SidecarContainer] } }
  }
}

interface SidecarContainer {
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
}

interface Probe {
  readonly httpGet: { readonly path: string }
}

const manifest: Manifest = parse(
  readFileSync(join(repository, 'config', 'deploy', 'sidecar', 'deployment.yaml'), 'utf8'),
)
const [sidecar] = manifest.spec.template.spec.initContainers

/** Variables every container of the namespace gets when the Service is called fluxlit. */
const serviceLinks = {
  FLUXLIT_PORT: 'tcp://10.96.0.7:80',
  FLUXLIT_PORT_80_TCP: 'tcp://10.96.0.7:80',
  FLUXLIT_PORT_80_TCP_ADDR: '10.96.0.7',
  FLUXLIT_PORT_80_TCP_PORT: '80',
  FLUXLIT_PORT_80_TCP_PROTO: 'tcp',
  FLUXLIT_SERVICE_HOST: '10.96.0.7',
  FLUXLIT_SERVICE_PORT: '80',
  FLUXLIT_SERVICE_PORT_HTTP: '80',
}

test('70: a sidecar is alive and not ready while the apps are absent, and becomes ready when they come', async (t) => {
  const { running, apps } = await beside(t)
  const { startupProbe, livenessProbe, readinessProbe } = sidecar
  assert.equal(await probe(running, startupProbe), 200, 'it does not wait for apps that start after it')
  for (const worker of ['api', 'ui'])
    await running.record(
      `nobody waits for ${worker} any more`,
      (line) => line['worker'] === worker && line['msg'] === 'worker does not answer',
    )
  assert.deepEqual([await probe(running, livenessProbe), await probe(running, readinessProbe)], [200, 503])
  const page = await ask(`${running.url}/`, { headers: { accept: 'text/html' } })
  assert.deepEqual([page.status, /^\d+$/.test(page.headers['retry-after'] ?? '')], [503, true])

  await apps()
  await running.record('ready', ({ msg }) => msg === 'ready')
  assert.equal(await probe(running, readinessProbe), 200)
  assert.equal((await ask(`${running.url}/api/x`)).body, 'api')
  const { workers, gateway: state } = await status(running)
  assert.deepEqual(
    Object.values(workers).map(({ restarts, deaths }) => [restarts, deaths.length]),
    [
      [0, 0],
      [0, 0],
    ],
  )
  assert.equal(state.pid, running.pid)
})

test('70: the preStop hook makes it not ready, and it goes on serving', async (t) => {
  const { running, apps } = await beside(t)
  await apps()
  await running.record('ready', ({ msg }) => msg === 'ready')
  const hook = await runHook(running)
  assert.equal(hook.code, 0, hook.stderr)
  const { livenessProbe, readinessProbe } = sidecar
  assert.deepEqual([await probe(running, livenessProbe), await probe(running, readinessProbe)], [200, 503])
  assert.equal((await ask(`${running.url}/api/x`)).body, 'api')
  assert.equal((await runHook(running)).code, 0, 'once more changes nothing')
  assert.equal((await running.stop()).code, 0, running.output)
})

test('probes come with the address of the Pod, whatever allowed_hosts says', async (t) => {
  const { running, apps } = await beside(t, 'allowed_hosts = ["app.example"]\n')
  await apps()
  await running.record('ready', ({ msg }) => msg === 'ready')
  const asked = async (path: string): Promise<number> =>
    (await ask(running.url + path, { headers: { host: '10.244.1.7:8000' } })).status
  assert.equal(await asked(sidecar.livenessProbe.httpGet.path), 200)
  assert.equal(await asked(sidecar.readinessProbe.httpGet.path), 200)
  assert.equal(await asked('/api/x'), 421)
})

test('variables of Services are no configuration', async (t) => {
  const { running } = await beside(t)
  assert.doesNotMatch(running.output, /unknown_variable|bad_value/)
  assert.doesNotMatch(running.output, /10\.96\.0\.7/)
})

/** The gateway with the variables of the manifest, and a function that starts what it stands in front of. */
async function beside(
  t: Cleanup,
  keys = '',
): Promise<{ readonly running: Gateway; readonly apps: () => Promise<void> }> {
  const sockets = await freshDirectory(t)
  const worker = (name: string, kind: string, more: string): string =>
    `[workers.${name}]\nkind = "${kind}"\nurl = "unix:${sockets}/${name}.sock"\nprobe_interval = "50ms"\nready_timeout = "500ms"\n${more}`
  const toml = keys + worker('api', 'uvicorn', '') + worker('ui', 'streamlit', '')
  const variables = Object.fromEntries(sidecar.env.map(({ name, value }) => [name, value]))
  const running = await gateway(t, {
    toml,
    env: { ...serviceLinks, ...variables, FLUXLIT_METRICS_LISTEN: '127.0.0.1:0', HOME: undefined },
  })
  return {
    running,
    apps: async () => {
      await serve(t, join(sockets, 'api.sock'), 'api', 'text/plain')
      await serve(t, join(sockets, 'ui.sock'), 'ok', 'text/plain')
    },
  }
}

async function serve(t: Cleanup, path: string, body: string, type: string): Promise<Server> {
  const server = createServer((_, response) => response.setHeader('content-type', type).end(body))
  t.after(() => server.close().closeAllConnections())
  server.listen(path)
  await once(server, 'listening')
  return server
}

async function probe(running: Gateway, { httpGet }: Probe): Promise<number> {
  return (await ask(running.url + httpGet.path)).status
}

/** Runs the command of the hook as the kubelet does: without a shell, in the container's environment. */
function runHook(running: Gateway) {
  const [program, ...words] = sidecar.lifecycle.preStop.exec.command
  assert.equal(program, 'fluxlit')
  const args = words.map((word) => word.replace('/app', running.directory))
  return finished(spawn(binary(), args, { cwd: running.directory, env: { PATH: process.env['PATH'] } }))
}
