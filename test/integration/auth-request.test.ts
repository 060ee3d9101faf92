import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { freshDirectory } from '../support/directory.ts'
import { marked } from '../support/document.ts'
import { eventually } from '../support/eventually.ts'
import { GatewayVisitor } from '../support/gateway-visitor.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { ownAddress } from '../support/own-address.ts'
import { startProgram } from '../support/program.ts'
import { upstream } from '../support/upstream.ts'

const missing = spawnSync('nginx', ['-v']).error === undefined ? false : 'nginx is not installed'

/** nginx with the lines of docs/login.md. */
async function front(t: TestContext, url: string, running: string, other: string): Promise<void> {
  const server = marked('login.md', 'snippet: auth_request')
    .replace('listen 80;', `listen ${new URL(url).host};`)
    .replace('app.example', '_')
    .replaceAll('http://127.0.0.1:8000', running)
    .replace('http://127.0.0.1:3000', other)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${kind};`,
  )
  const text = `daemon off;\nmaster_process off;\npid nginx.pid;\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${server}}\n`
  const directory = await freshDirectory(t, { files: { 'nginx.conf': text } })
  const words = ['nginx', '-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'] as const
  startProgram(t, words, { cwd: directory, detached: true })
  await eventually('nginx answers', async () => (await ask(`${url}/oauth2/signed_out`)).status === 200)
}

test(
  'nginx lets people into another application who signed in at the gateway',
  { skip: missing },
  async (t) => {
    const provider = await OddProvider.start(t)
    const seen: string[] = []
    const other = await upstream(t, (request, response) => {
      seen.push(request.url ?? '')
      request.resume().once('end', () => response.end(JSON.stringify(request.headers)))
    })
    const url = `http://${ownAddress()}:8080`
    const toml = `public_base_url = "${url}"\n[workers.site]\nroot = "site"\nmount = "/"\n${loginToml({ issuer: provider.issuer })}`
    const running = await (await gateway(t, { toml, files: { 'site/index.html': '' } })).ready()
    await front(t, url, running.url, other.url)
    const visitor = new GatewayVisitor(url)

    await t.test(
      'who is not signed in is sent to the login, and the application hears nothing of it',
      async () => {
        const answer = await visitor.open('/report?year=2026')
        assert.equal(answer.status, 302)
        assert.equal(answer.headers.location, `${url}/oauth2/start?rd=/report?year=2026`)
        assert.deepEqual(seen, [])
      },
    )

    await t.test(
      'and comes back to the page, with who it is in the headers, whatever the client says',
      async () => {
        const arrived = await visitor.arrive('/report?year=2026')
        assert.equal(arrived.path, '/report?year=2026')
        const answer = await visitor.ask('/report', {
          headers: { 'x-user': 'admin', 'x-email': 'admin@example.com' },
        })
        const { 'x-user': user, 'x-email': email } = json<Record<string, string>>(answer.body)
        assert.deepEqual([user, email], ['alice', 'alice@example.com'])
      },
    )

    await t.test('a body is none of the gateway’s business', async () => {
      const answer = await visitor.ask('/report', { method: 'POST', body: 'x'.repeat(500_000) })
      assert.equal(answer.status, 200, answer.body)
      assert.equal(json<Record<string, string>>(answer.body)['content-length'], '500000')
    })

    await t.test('nobody asks that address from outside, and nobody passes after signing out', async () => {
      assert.equal((await visitor.ask('/oauth2/auth')).status, 404)
      await visitor.ask('/oauth2/sign_out', { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })
      seen.length = 0
      assert.equal((await visitor.open('/report')).status, 302)
      assert.deepEqual(seen, [])
    })
  },
)
