/** A page that reconnects names the session it had: it must be its own, whatever Streamlit thinks of it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { loginToml } from '../support/login-toml.ts'
import { OddProvider } from '../support/odd-provider.ts'
import { resumes, signInAs, visit } from '../support/streamlit.ts'

const files = { 'counting_page.py': app('counting_page.py') }
const worker = '[workers.ui]\nscript = "counting_page.py"\n'

test('pages that reconnect, of people who are signed in', async (t) => {
  const provider = await OddProvider.start(t)
  const running = await (
    await gateway(t, { toml: worker + loginToml({ issuer: provider.issuer }), files })
  ).ready()
  const alice = await signInAs(running, provider, 'alice')
  const bob = await signInAs(running, provider, 'bob')
  const first = await visit(running, alice)
  assert.deepEqual([first.runs, first.user], [1, 'alice@example.com'])
  // From here on it is kept for two minutes after each visit.
  let last = await resumes(running, alice, first)

  await t.test('attack 116: the same person with another session and token has the state again', async () => {
    const again = await signInAs(running, provider, 'alice')
    assert.notEqual(again, alice)
    const page = await resumes(running, again, last)
    assert.deepEqual([page.runs, page.user], [last.runs + 1, 'alice@example.com'])
    last = page
  })

  await t.test(
    'attack 115: another person who names it gets a fresh one, and takes nothing away',
    async () => {
      for (let times = 0; times < 5; times++) {
        const page = await visit(running, bob, last.session)
        assert.notEqual(page.session, last.session)
        assert.deepEqual([page.runs, page.user], [1, 'bob@example.com'])
      }
      const page = await resumes(running, alice, last)
      assert.deepEqual([page.runs, page.user], [last.runs + 1, 'alice@example.com'])
    },
  )
})
