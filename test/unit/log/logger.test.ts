import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'

import { createLogger, openLog } from '../../../internal/log/logger.ts'
import { SlowOutput } from '../../fixtures/log/slow-output.ts'
import { freshDirectory } from '../../support/directory.ts'
import { json } from '../../support/http.ts'

/** Lines written by a logger with this configuration. */
function written(format: 'auto' | 'json' | 'text', isTerminal: boolean): string {
  const stream = new PassThrough()
  const { logger } = createLogger(
    { level: 'info', format, access: true, recent: 0, accessExcept: [], file: null, audit: null },
    { stream, isTerminal, colour: false },
  )
  logger.debug({}, 'not this')
  logger.child({ worker: 'api' }).info({ n: 1 }, 'this')
  assert.deepEqual([logger.isEnabled('debug'), logger.isEnabled('warn')], [false, true])
  return String(stream.read())
}

test('away from a terminal a line is JSON with time, level and message', () => {
  for (const text of [written('auto', false), written('json', true)]) {
    const { time, ...rest } = json<{ time: string }>(text)
    assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/)
    assert.deepEqual(rest, { level: 'info', msg: 'this', worker: 'api', n: 1 })
  }
})

test('52: on a terminal, or when asked for, a line is text', () => {
  for (const text of [written('auto', true), written('text', false)]) {
    assert.match(text, /^\d\d:\d\d:\d\d info {2}api this n=1\n$/)
  }
})

test('what the terminal would obey is escaped in JSON too', () => {
  const stream = new PassThrough()
  const { logger } = createLogger(
    { level: 'info', format: 'json', access: true, recent: 0, accessExcept: [], file: null, audit: null },
    { stream, isTerminal: false, colour: false },
  )
  const nasty = 'a\x00\x1b[2J\x7f\x9b31m\x9dü'
  logger.info({ worker: 'api', path: nasty }, nasty)
  const text = String(stream.read())
  assert.doesNotMatch(text.trimEnd(), /[\x00-\x1f\x7f-\x9f]/)
  const { msg, path } = json<{ msg: string; path: string }>(text)
  assert.deepEqual([msg, path], [nasty, nasty])
})

test('a gap in the log is a line of it, in the form of the others', async () => {
  for (const [format, expected] of [
    ['json', /^\{"level":"warn","time":"[^"]+","dropped":2,"msg":"dropped 2 log lines"\}\n$/],
    ['text', /^\d\d:\d\d:\d\d warn {2}dropped 2 log lines dropped=2\n$/],
  ] as const) {
    const slow = new SlowOutput()
    const config = {
      level: 'info',
      format,
      access: true,
      recent: 0,
      accessExcept: [],
      file: null,
      audit: null,
    } as const
    const { logger, sink } = createLogger(config, { stream: slow, isTerminal: false, colour: false })
    const long = 'x'.repeat(1024 * 1024)
    for (let i = 0; i < 4; i++) logger.info({}, long)
    await slow.goOn()
    await sink.close(1000)
    assert.match(slow.pieces.at(-1) ?? '', expected)
  }
})

test('an output that cannot be written is told to the other one, and ends nothing', async () => {
  const [stream, other] = [new PassThrough(), new PassThrough()]
  let said = ''
  other.on('data', (text: Buffer) => (said += text.toString()))
  const { logger, sink } = createLogger(
    { level: 'info', format: 'json', access: true, recent: 0, accessExcept: [], file: null, audit: null },
    { stream, other, isTerminal: false, colour: false },
  )
  const closed = new Promise((resolve) => stream.once('close', resolve))
  stream.destroy(new Error('EPIPE'))
  await closed
  for (let i = 0; i < 3; i++) logger.info({}, 'lost')
  await sink.close(1000)
  await finished(other.end())
  assert.match(said, /^fluxlit: log lines cannot be written \(.*\).*\nfluxlit: dropped 3 log lines\n$/)
})

test('a log with a file is written there, and standard output hears how the run goes and where it is', async (t) => {
  for (const [format, isTerminal, inFile, onOutput] of [
    [
      'auto',
      true,
      /^\{"level":"info",.*"msg":"kept"\}\n$/,
      /^\d\d:\d\d:\d\d info {2}stopped by=x log=\/.*\/log\n$/,
    ],
    ['text', false, /^\d\d:\d\d:\d\d info {2}kept\n$/, /^\d\d:\d\d:\d\d info {2}stopped by=x log=.*\n$/],
    ['auto', false, /^\{.*\}\n$/, /^\{"level":"info",.*"by":"x","log":"\/.*\/log","msg":"stopped"\}\n$/],
  ] as const) {
    const path = join(await freshDirectory(t), 'log')
    const file = { path, key: 'log.file' as const, where: '', rotateBytes: 0, rotateKeep: 1 }
    const stream = new PassThrough()
    const log = await openLog(
      { level: 'info', format, access: true, recent: 0, accessExcept: [], file, audit: null },
      { stream, isTerminal, colour: false },
    )
    log.logger.info({}, 'kept')
    log.announce({ by: 'x' }, 'stopped')
    await log.close(1000)
    assert.match(await readFile(path, 'utf8'), inFile)
    assert.match(String(stream.read()), onOutput)
  }
})

test('a log on standard output says nothing twice', async () => {
  const stream = new PassThrough()
  const log = await openLog(
    { level: 'info', format: 'json', access: true, recent: 0, accessExcept: [], file: null, audit: null },
    { stream, isTerminal: false, colour: false },
  )
  log.logger.info({}, 'stopped')
  log.announce({}, 'stopped')
  log.reopen()
  await log.close(1000)
  assert.equal(String(stream.read()).split('\n').length, 2)
})
