import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import type { StatusReport } from '../../internal/admin/status.ts'
import { app } from '../support/apps.ts'
import { hmacToken, issuer } from '../support/auth.ts'
import { makePair } from '../support/certificates.ts'
import { freshDirectory } from '../support/directory.ts'
import { ask, json } from '../support/http.ts'
import { ownAddress } from '../support/own-address.ts'
import { serviceManager, withoutServiceManager } from '../support/service-manager.ts'
import type { Outcome } from '../support/service-manager.ts'

const impossible = await withoutServiceManager()
if (impossible !== false) console.log(`systemd cannot be run here: ${impossible}`)

const service = 'fluxlit.service'
const address = ownAddress()
const place = '/srv/shop/secrets'
const tokenSecret = 'correct horse battery staple, signed'

const toml = `gateway_host = "${address}"
gateway_port = 8443
[tls]
cert_file = "secrets/app.example.crt"
key_file = "secrets/app.example.key"
[admin]
listen = "${address}:9464"
password_file = "${place}/operators"
[auth]
modes = ["jwt"]
[auth.jwt]
issuer = "${issuer}"
audience = ["fluxlit-api"]
hs256_secret_env = "TOKEN_SECRET"
[workers.api]
app = "api:app"
env_file = "secrets/api.env"
`

const secrets = {
  operators: 'open sesame\n',
  'auth.jwt.hs256_secret': `${tokenSecret}\n`,
  'api.env': 'DATABASE_PASSWORD=hunter2\n',
}

suite('secrets by LoadCredential= under a real systemd', { skip: impossible }, () => {
  test('what only root can read is used by a service that is not root, and by nobody else', async (t) => {
    const project = await freshDirectory(t, { files: { 'fluxlit.toml': toml, 'api.py': app('api.py') } })
    await mkdir(join(project, 'secrets'), { mode: 0o700 })
    await makePair(join(project, 'secrets'), 'app.example')
    for (const [name, text] of Object.entries(secrets))
      await writeFile(join(project, 'secrets', name), text, { mode: 0o600 })
    const units = await freshDirectory(t, { files: { 'fluxlit.service.d/here.conf': dropIn } })
    const manager = await serviceManager(t, { units, project })

    await succeeds(manager.run('sh', '-euc', build))
    await uncomment(join(units, service))
    await succeeds(manager.run('systemctl', 'start', 'fluxlit.socket', service), () =>
      manager.journal(service),
    )

    const url = `https://${address}:8443`
    const seen = await securely(`${url}/api/environment`, hmacToken(tokenSecret))
    assert.equal(seen.status, 200, seen.body)
    const variables = json<Record<string, string>>(seen.body)
    assert.equal(variables['DATABASE_PASSWORD'], 'hunter2')
    assert.equal((await securely(`${url}/api/environment`, hmacToken(`${tokenSecret}.`))).status, 401)
    const operators = `http://${address}:9464/status`
    assert.equal((await ask(operators)).status, 401)
    const authorization = `Basic ${Buffer.from('any:open sesame').toString('base64')}`
    const told = await ask(operators, { headers: { authorization } })
    assert.equal(told.status, 200)

    const { pid } = json<StatusReport>(told.body).gateway
    const { stdout: uid } = await manager.run('stat', '--format=%u', `/proc/${pid}`)
    assert.notEqual(uid, '0\n')
    const account = ['setpriv', '--reuid', uid.trim(), '--regid', uid.trim(), '--clear-groups', 'cat']
    assert.match((await manager.run(...account, `${place}/operators`)).stderr, /Permission denied/)

    await writeFile(join(project, 'fluxlit.toml'), `docs_redirect = true\n${toml}`)
    await succeeds(manager.run('systemctl', 'reload', service), () => manager.journal(service))
    const again = await securely(`${url}/docs`, hmacToken(tokenSecret))
    assert.equal(again.status, 307, 'a reload reads the credentials again')

    await succeeds(manager.run('systemctl', 'stop', 'fluxlit.socket', service))
    const written = (await manager.journal(service)) + told.body
    for (const secret of ['open sesame', tokenSecret, 'hunter2'])
      assert.equal(written.includes(secret), false, secret)
  })
})

const dropIn = '[Service]\nEnvironment=VIRTUAL_ENV=/venv\n'

const build = `cd /srv/shop
fluxlit build --kind systemd
cp systemd/fluxlit.* /etc/systemd/system/
systemctl daemon-reload
systemd-analyze verify /etc/systemd/system/fluxlit.service`

/** Takes up what the unit proposes for secrets that are no files yet. */
async function uncomment(path: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  const changed = text
    .replace(/^#(?=LoadCredential=|Environment=)/gm, '')
    .replaceAll(':/etc/fluxlit/', `:${place}/`)
  assert.equal(changed.length - text.length, place.length - '/etc/fluxlit'.length - 2, text)
  await writeFile(path, changed)
  await chmod(path, 0o644)
}

async function succeeds(run: Promise<Outcome>, why?: () => Promise<string>): Promise<void> {
  const { code, stdout, stderr } = await run
  assert.equal(code, 0, stdout + stderr + (code === 0 ? '' : ((await why?.()) ?? '')))
}

/** The certificate is not one that others trust. */
function securely(url: string, token: string): Promise<{ readonly status: number; readonly body: string }> {
  const headers = { authorization: `Bearer ${token}` }
  return new Promise((resolve, reject) => {
    request(url, { headers, rejectUnauthorized: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
      .on('error', reject)
      .end()
  })
}
