import assert from 'node:assert/strict'
import { readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'

import type { LogConfig } from '../../../internal/config/config.ts'
import { openLog } from '../../../internal/log/logger.ts'
import { freshDirectory } from '../../support/directory.ts'

const stopped = { event: 'gateway.stop', exit_code: 0, reason: 'asked' } as const

/** A log on a stream of its own, its audit stream where it is said. */
async function opened(audit: LogConfig['audit']) {
  const stream = new PassThrough()
  const config = {
    level: 'error',
    format: 'text',
    access: true,
    recent: 0,
    accessExcept: [],
    file: null,
    audit,
  } as const
  const log = await openLog(config, { stream, isTerminal: false, colour: false })
  return { log, shown: () => String(stream.read()) }
}

test('without `log.audit.file` nothing is audited', async () => {
  const { log, shown } = await opened(null)
  log.audit(stopped)
  await log.close(1000)
  assert.equal(shown(), 'null')
})

test('on standard output an event is one JSON line, whatever the level and form of the log', async () => {
  const { log, shown } = await opened('stdout')
  log.audit({ event: 'authz.deny', rule: 'a\n\u009b1m', request_id: 'r1', client: '10.0.0.9', sub: 'ada' })
  await log.close(1000)
  const line = shown()
  assert.match(line, /^\{"time":"\d{4}-\d\d-\d\dT[\d:.]+Z","event":"authz\.deny",[^\n\u009b]*\}\n$/)
  assert.deepEqual(JSON.parse(line.replace(/"time":"[^"]*",/, '')), {
    event: 'authz.deny',
    rule: 'a\n\u009b1m',
    request_id: 'r1',
    client: '10.0.0.9',
    sub: 'ada',
  })
})

test('in a file the events are alone, for its owner and group, and follow its name', async (t) => {
  const path = join(await freshDirectory(t), 'audit.log')
  const { log, shown } = await opened({
    path,
    key: 'log.audit.file',
    where: 'fluxlit.toml:2',
    rotateBytes: 0,
    rotateKeep: 1,
  })
  log.logger.error({}, 'not for auditors')
  log.audit(stopped)
  // What was asked for before is written before.
  await rename(path, `${path}.old`)
  log.reopen()
  log.audit({ ...stopped, exit_code: 3 })
  await log.close(1000)
  const [old, fresh] = await Promise.all([readFile(`${path}.old`, 'utf8'), readFile(path, 'utf8')])
  assert.deepEqual(
    (old + fresh).match(/"exit_code":\d/g),
    ['"exit_code":0', '"exit_code":3'],
    'each event once',
  )
  assert.match(fresh, /^\{"time":"[^"]+","event":"gateway\.stop","exit_code":3,"reason":"asked"\}\n$/)
  assert.equal((await stat(path)).mode & 0o777, 0o640 & ~process.umask())
  assert.match(shown(), /not for auditors/)
})
