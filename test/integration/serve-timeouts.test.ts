import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { apiOnly } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { ask, json, nextPiece, open, read, responseTo } from '../support/http.ts'
import { pidOf, verb } from '../support/verb.ts'

const hasty = 'response_headers = "300ms", response_idle = "300ms", websocket_idle = "300ms"'

/** The same app twice; one of them has limits of its own. */
function toml(limited: 'api' | 'calm'): string {
  const own = (name: string): string => (name === limited ? `timeouts = { ${hasty} }\n` : '')
  return `[workers.api]\napp = "api:app"\n${own('api')}[workers.calm]\napp = "api:app"\nmount = "/calm"\n${own('calm')}`
}

test("a worker's own time limits count for it, and for no other", async (t) => {
  const running = await (await gateway(t, { ...apiOnly, toml: toml('api') })).ready()
  const { url } = running

  await t.test('an answer that does not begin is 504', async () => {
    const patient = ask(`${url}/calm/left`)
    const refused = await ask(`${url}/api/left`)
    assert.deepEqual([refused.status, json<{ code: string }>(refused.body).code], [504, 'upstream_timeout'])
    // The other one still waits, and is answered when there is something to say.
    await release(`${url}/calm`)
    assert.equal((await patient).status, 200)
    // What nobody waits for any more would still hold up the end of the worker.
    await release(`${url}/api`)
  })

  await t.test('an answer that falls silent is cut off', async () => {
    await isCutBefore(running, 'api', 'calm')
  })

  await t.test('a socket that falls silent is closed', async (s) => {
    const calm = await socket(s, `${running.socketUrl}/calm/echo`)
    const silent = await socket(s, `${running.socketUrl}/api/echo`)
    await once(silent, 'close')
    calm.send('still here')
    const [echo]: unknown[] = await once(calm, 'message')
    assert.equal(String(echo), 'still here')
  })

  await t.test('a reload changes them without a new worker', async () => {
    const pid = await pidOf(running, 'api')
    const next = join(running.directory, 'next.toml')
    await writeFile(next, toml('calm'))
    await rename(next, join(running.directory, 'fluxlit.toml'))
    const { code, stderr } = await verb(running, 'reload')
    assert.equal(code, 0, stderr)
    assert.equal(await pidOf(running, 'api'), pid)
    await isCutBefore(running, 'calm', 'api')
  })
})

/** An answer of one worker that is silent is cut off, one of another that has been silent for longer goes on. */
async function isCutBefore({ url, directory }: Gateway, hurried: string, other: string): Promise<void> {
  const file = `after-${hurried}`
  const patient = await begun(`${url}/${other}/until/${file}`)
  const cut = await begun(`${url}/${hurried}/until/${file}`)
  await assert.rejects(read(cut), { code: 'ECONNRESET' })
  await writeFile(join(directory, file), '')
  assert.equal((await read(patient)).body, 'finished\n')
}

/** Lets `/left` be answered: somebody was there and left. */
async function release(url: string): Promise<void> {
  const stay = await begun(`${url}/stay`)
  stay.destroy()
}

/** The response to a request, after its first piece. */
async function begun(url: string): ReturnType<typeof responseTo> {
  const outgoing = open(url)
  outgoing.end()
  const response = await responseTo(outgoing)
  assert.equal(await nextPiece(response), 'started\n')
  return response
}

async function socket(t: Cleanup, url: string): Promise<WebSocket> {
  const opened = new WebSocket(url, { perMessageDeflate: false })
  t.after(() => opened.terminate())
  await once(opened, 'message')
  return opened
}
