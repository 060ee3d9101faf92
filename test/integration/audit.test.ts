import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { verb } from '../support/verb.ts'

const toml = '[workers.api]\napp = "api:app"\n[log.audit]\nfile = "audit.log"\n'

test('the audit stream has what operators did, by whom, and how it ended', async (t) => {
  const running = await (await gateway(t, { toml, files: { 'api.py': app('api.py') } })).ready()
  assert.equal((await verb(running, 'restart', 'api')).code, 0)
  await writeFile(join(running.directory, 'fluxlit.toml'), `${toml}wrong = 1\n`)
  assert.equal((await verb(running, 'reload')).code, 1)
  await writeFile(join(running.directory, 'fluxlit.toml'), toml)
  running.signal('SIGHUP')
  await running.record('the reload', ({ msg }) => String(msg).startsWith('configuration reloaded'))
  assert.equal((await verb(running, 'drain')).code, 0)
  await running.stop()

  const text = readFileSync(join(running.directory, 'audit.log'), 'utf8')
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line): Readonly<Record<string, unknown>> => JSON.parse(line))
  const shown = lines.map(({ event, result, actor }) => [event, result, viaOf(actor)])
  assert.deepEqual(shown, [
    ['gateway.start', undefined, undefined],
    ['restart', 'ok', 'control'],
    ['reload', 'failed', 'control'],
    ['reload', 'ok', 'signal'],
    ['drain', undefined, 'control'],
    ['stop', undefined, 'signal'],
    ['gateway.stop', undefined, undefined],
  ])
  const { uid, username } = userInfo()
  assert.ok(text.includes(`"actor":{"via":"control","uid":${uid},"user":"${username}","pid":`), text)
  assert.match(String(lines[2]?.['reason']), /unknown key `wrong`/)
  assert.ok(!running.output.includes('gateway.start'), 'the log has none of it')
})

function viaOf(actor: unknown): unknown {
  return typeof actor === 'object' && actor !== null && 'via' in actor ? actor.via : undefined
}
