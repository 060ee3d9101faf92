import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import type { StatusReport } from '../../internal/admin/status.ts'
import { app } from '../support/apps.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { ask, json, nextPiece, open, read, responseTo } from '../support/http.ts'
import { load } from '../support/load.ts'
import { ownAddress } from '../support/own-address.ts'
import { repository } from '../support/python.ts'
import { serviceManager, withoutServiceManager } from '../support/service-manager.ts'
import type { ServiceManager } from '../support/service-manager.ts'

const impossible = await withoutServiceManager()
if (impossible !== false) console.log(`systemd cannot be run here: ${impossible}`)

const service = 'fluxlit.service'
const toml = '[workers.api]\napp = "api:app"\n'

const address = ownAddress()

/** What a machine has that runs the units of config/deploy: settings of its own go into a drop-in. */
const unitFiles = {
  'fluxlit.service': unit('fluxlit.service'),
  'fluxlit.socket': unit('fluxlit.socket').replace(/^ListenStream=.*$/m, `ListenStream=${address}:8000`),
  'fluxlit.service.d/here.conf':
    '[Service]\nEnvironment=VIRTUAL_ENV=/venv FLUXLIT_ADMIN_LISTEN=127.0.0.1:0\nEnvironmentFile=/srv/shop/secret.env\nWatchdogSec=2\n',
}

suite('the units of config/deploy under a real systemd', { skip: impossible }, () => {
  test('readiness, confinement, watchdog, reload, restart, crash and stop', async (t) => {
    const units = await freshDirectory(t, { files: unitFiles })
    const files = { 'fluxlit.toml': toml, 'api.py': app('api.py'), 'secret.env': 'SHOP_TOKEN=hunter2\n' }
    const project = await freshDirectory(t, { files })
    const manager = await serviceManager(t, { units, project })

    const started = await manager.run('systemctl', 'start', 'fluxlit.socket', service)
    assert.equal(
      started.code,
      0,
      started.stderr + (await manager.run('systemctl', 'status', '--no-pager', '--full', service)).stdout,
    )
    const url = (await status(manager)).gateway.url
    assert.equal((await ask(`${url}/__fluxlit/readyz`)).status, 200, 'started means ready')

    const main = await mainProcess(manager)
    const { stdout: facts } = await manager.run('cat', `/proc/${main}/status`)
    assert.match(facts, /^Uid:\t[1-9]\d*\t[^]*^CapBnd:\t0+$[^]*^NoNewPrivs:\t1$[^]*^Seccomp:\t2$/m)
    const seen = json<Record<string, string>>((await ask(`${url}/api/environment`)).body)
    assert.equal(seen['SHOP_TOKEN'], 'hunter2', 'variables of the service reach the workers')

    const beat = async (): Promise<number> =>
      Number((await manager.show(service, 'WatchdogTimestampMonotonic'))['WatchdogTimestampMonotonic'])
    const first = await beat()
    await eventually('the watchdog is fed beyond its limit', async () => (await beat()) > first + 4_000_000)

    const loads = [true, false].map((keepAlive) => load(t, { url: `${url}/api/`, lanes: 2, keepAlive }))
    await Promise.all(loads.map((each) => each.more(5)))
    await writeFile(join(project, 'fluxlit.toml'), `docs_redirect = true\n${toml}`)
    assert.equal((await manager.run('systemctl', 'reload', service)).code, 0)
    await eventually(
      'the new configuration is in force',
      async () => (await ask(`${url}/docs`)).status === 307,
    )

    const slow = open(`${url}/api/until/go`)
    slow.end()
    const answer = await responseTo(slow)
    assert.equal(await nextPiece(answer), 'started\n')
    const restarted = manager.run('systemctl', 'restart', service)
    await writeFile(join(project, 'go'), '')
    assert.equal((await read(answer)).body, 'finished\n')
    assert.equal((await restarted).code, 0)
    await Promise.all(loads.map((each) => each.more(5)))
    await Promise.all(loads.map((each) => each.stop()))
    assert.deepEqual(
      loads.flatMap((each) => each.failed),
      [],
      'no connection is refused and no request is lost over a reload and a restart',
    )
    assert.notEqual(await mainProcess(manager), main)

    await manager.run('systemctl', 'kill', '--kill-who=main', '--signal=KILL', service)
    await eventually(
      'it is started again',
      async () => (await manager.show(service, 'NRestarts'))['NRestarts'] === '1',
    )
    assert.equal((await ask(`${url}/api/`)).status, 200, 'who connects meanwhile waits at the socket')

    assert.equal((await manager.run('systemctl', 'stop', 'fluxlit.socket', service)).code, 0)
    const ended = await manager.show(service, 'Result', 'ExecMainStatus', 'ActiveState')
    assert.deepEqual(ended, { Result: 'success', ExecMainStatus: '0', ActiveState: 'inactive' })
    assert.doesNotMatch(await manager.journal(service), /hunter2/)
  })
})

function unit(name: string): string {
  return readFileSync(join(repository, 'config', 'deploy', 'systemd', name), 'utf8')
}

async function mainProcess(manager: ServiceManager): Promise<number> {
  return Number((await manager.show(service, 'MainPID'))['MainPID'])
}

async function status(manager: ServiceManager): Promise<StatusReport> {
  const verb = ['fluxlit', 'status', '--json', '-c', '/srv/shop/fluxlit.toml']
  const { code, stdout, stderr } = await manager.run('env', 'RUNTIME_DIRECTORY=/run/fluxlit', ...verb)
  assert.equal(code, 0, stderr)
  return json<StatusReport>(stdout)
}
