/** Streamlit's own `st.login` behind the gateway: with a real provider, a real browser and Authlib. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { binary } from '../support/binary.ts'
import { browser, openPage } from '../support/browser.ts'
import { certifiedProvider, type Certified } from '../support/certified-provider.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { loginToml } from '../support/login-toml.ts'
import { clientId, clientSecret } from '../support/odd-provider.ts'

const page = `
import streamlit as st

if st.user.get("is_logged_in"):
    st.write("Streamlit knows", st.user.get("email"))
    if st.button("Leave"):
        st.logout()
else:
    st.write("Streamlit knows nobody")
    if st.button("Come in"):
        st.login()
`

/** A gateway with an app that has a login of its own at the provider. */
async function opened(t: TestContext, provider: Certified, auth: string): Promise<Gateway> {
  const toml = `${auth}\n[workers.ui]\nscript = "ui.py"\n`
  const files = { 'ui.py': page, '.streamlit/secrets.toml': '' }
  const running = await (await gateway(t, { toml, files })).ready()
  // Streamlit asks for `select_account` unless told otherwise, which this provider does not know.
  const secrets = `[auth]
redirect_uri = "${running.url}/oauth2callback"
cookie_secret = "only-for-this-test-only-for-this-test"
client_id = "${clientId}"
client_secret = "${clientSecret}"
server_metadata_url = "${provider.issuer}/.well-known/openid-configuration"
client_kwargs = { prompt = "consent" }
`
  await writeFile(join(running.directory, '.streamlit', 'secrets.toml'), secrets)
  provider.open(running.url)
  return running
}

function nativeProvider(t: TestContext): Promise<Certified> {
  return certifiedProvider(t, {
    signsIn: 'carol',
    claimsInIdToken: true,
    client: (origin) => ({
      redirect_uris: [`${origin}/oauth2callback`, `${origin}/oauth2/callback`],
      post_logout_redirect_uris: [`${origin}/oauth2callback`, `${origin}/oauth2/signed_out`, `${origin}/`],
    }),
  })
}

const password = 'secret of ann'
const hash = (): string =>
  execFileSync(binary(), ['hash-password'], { input: `${password}\n`, encoding: 'utf8' }).trim()

const ways = {
  'while nobody signs in at the gateway': () => '',
  'behind a password at the gateway': () => `[auth]
modes = ["basic"]
streamlit_native = true
[[auth.basic.users]]
name = "ann"
password_hash = '${hash()}'
email = "ann@example.com"`,
  'behind a login at the gateway': ({ issuer }: Certified) =>
    loginToml({ issuer, auth: 'streamlit_native = true' }),
}

for (const [way, authOf] of Object.entries(ways)) {
  test(`st.login works ${way}`, async (t) => {
    const provider = await nativeProvider(t)
    const running = await opened(t, provider, authOf(provider))
    const chromium = await browser(t)
    const visitor = await openPage(chromium, { httpCredentials: { username: 'ann', password } })
    await visitor.goto(running.url)
    await visitor.getByText('Streamlit knows nobody').waitFor()
    await visitor.getByRole('button', { name: 'Come in' }).click()
    await visitor.getByText('Streamlit knows carol@example.com').waitFor()
    const names = (await visitor.context().cookies(running.url)).map(({ name }) => name)
    assert.ok(names.includes('_streamlit_user'), names.join())
  })
}
