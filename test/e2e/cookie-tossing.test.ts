import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { once } from 'node:events'
import { test } from 'node:test'

import type { PairFiles } from '../support/certificates.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { browser, openPage } from '../support/browser.ts'
import { gateway } from '../support/gateway.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { ownAddress } from '../support/own-address.ts'
import { freshPair, tlsTable } from '../support/tls.ts'

const forged = `v1.${'A'.repeat(43)}`

/** What a page beside the app tries to set for it: by header, then by script. */
const tossed = [
  `__Host-fluxlit_session=${forged}; Path=/; Secure; Domain=app.test`,
  `__Host-fluxlit_session=${forged}; Path=/; Secure; Domain=.app.test`,
  `__Host-fluxlit_session=${forged}; Path=/oauth2; Secure; Domain=app.test`,
  // This one the browser keeps, for the host that set it alone.
  `__Host-fluxlit_session=${forged}; Path=/; Secure`,
  // And these for the app too: their names are nobody's.
  `fluxlit_session=${forged}; Path=/; Secure; Domain=app.test`,
  `__Secure-fluxlit_session=${forged}; Path=/; Secure; Domain=app.test`,
]

/** A site of somebody else below the app's name. */
async function sibling(t: Cleanup, address: string, { cert, key }: PairFiles): Promise<string> {
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) => {
    const script = tossed.map((line) => `document.cookie = ${JSON.stringify(line)}`).join(';')
    response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': [...tossed] })
    response.end(`<title>evil</title><script>${script}</script>`)
  })
  server.listen(0, address)
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const at = server.address()
  return `https://evil.app.test:${typeof at === 'object' && at !== null ? at.port : 0}`
}

test('attack 102: a site below the name of the app cannot put a session into anybody’s browser', async (t) => {
  const address = ownAddress()
  const provider = await OddProvider.start(t)
  const pair = await freshPair(t, 'app.test')
  const evil = await sibling(t, address, pair)
  const app = 'https://app.test:8443'
  const running = await gateway(t, {
    toml: `gateway_host = "${address}"
gateway_port = 8443
public_base_url = "${app}"
[workers.site]
root = "site"
mount = "/"
${loginToml({ issuer: provider.issuer })}${tlsTable(pair)}`,
    files: { 'site/index.html': '<title>site</title>' },
    ownPort: true,
  })
  await running.ready()
  const chromium = await browser(t, [`--host-resolver-rules=MAP *.test ${address}`])
  const page = await openPage(chromium, { ignoreHTTPSErrors: true })
  const sent: string[] = []
  const reading: Promise<unknown>[] = []
  page.on('request', (request) => {
    if (request.url().startsWith(app))
      reading.push(request.allHeaders().then(({ cookie = '' }) => sent.push(cookie)))
  })

  await page.goto(evil)
  await page.goto(app)
  assert.equal(await page.title(), 'site', 'signed in, by a session of its own')
  await page.goto(evil)
  await page.goto(app)
  assert.equal(await page.title(), 'site')
  await Promise.all(reading)

  assert.ok(
    sent.some((cookie) => cookie.includes(`__Secure-fluxlit_session=${forged}`)),
    'others do arrive',
  )
  for (const cookie of sent) {
    const ours = [...cookie.matchAll(/(?:^|; )__Host-fluxlit_session=([^;]*)/g)].map(([, value]) => value)
    assert.ok(ours.length <= 1 && !ours.includes(forged), cookie)
  }
  const kept = await page.context().cookies(app)
  const [session] = kept.filter(({ name }) => name === '__Host-fluxlit_session')
  assert.match(session?.value ?? '', /^v1\.[\w-]{43}$/)
  assert.notEqual(session?.value, forged)
  assert.equal(session?.domain, 'app.test')
})
