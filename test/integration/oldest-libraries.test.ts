/** What works with the oldest libraries that are supported. One file: their environment is made once, by one process. */

import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { environmentPython, installLowestPython, lowestEnvironment } from '../../scripts/setup/python.mjs'
import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { runPytest } from '../support/pytest.ts'
import { resumes, signInAs, visit } from '../support/streamlit.ts'

const files = { 'counting_page.py': app('counting_page.py') }
const worker = '[workers.ui]\nscript = "counting_page.py"\n'

before(() => installLowestPython(), { timeout: 600_000 })

test('the Python package works with the oldest libraries it names', { timeout: 600_000 }, async (t) => {
  // What old libraries warn of is not ours to change.
  await runPytest(t, environmentPython(lowestEnvironment), ['-o', 'filterwarnings=ignore'])
})

test(
  'pages that reconnect to a Streamlit that gives every session to whoever names it',
  { timeout: 600_000 },
  async (t) => {
    const provider = await OddProvider.start(t)
    const toml = `${worker}python = "${environmentPython(lowestEnvironment)}"\n`

    await t.test('attack 123: the start says what is known of the version, once', async (s) => {
      const running = await (await gateway(s, { toml, files })).ready()
      const warnings = running.records.filter(({ msg }) => String(msg).includes('has known holes'))
      assert.equal(warnings.length, 1, running.output)
      const [{ msg, hint, level } = {}] = warnings
      assert.equal(level, 'warn')
      assert.match(String(msg), /^Streamlit 1\.37\.0 in .*: .*streamlit pull request 13733.*15800.*15909/)
      assert.match(String(hint), /pip install --upgrade 'streamlit>=1\.61'/)
      // Nobody is asked who they are here: it does as it always did, and this shows that it does.
      const page = await visit(running, '')
      await resumes(running, '', page)
    })

    await t.test(
      'attack 115: where people sign in it is not told the name, so nobody gets another’s state',
      async (s) => {
        const running = await (
          await gateway(s, { toml: toml + loginToml({ issuer: provider.issuer }), files })
        ).ready()
        const alice = await signInAs(running, provider, 'alice')
        const bob = await signInAs(running, provider, 'bob')
        const mine = await visit(running, alice)
        for (let times = 0; times < 5; times++) {
          const page = await visit(running, bob, mine.session)
          assert.notEqual(page.session, mine.session)
          assert.equal(page.runs, 1)
        }
      },
    )
  },
)
