import assert from 'node:assert/strict'
import { PassThrough, Writable } from 'node:stream'
import { test } from 'node:test'

import { createLogger } from '../../../internal/log/logger.ts'
import { createSink } from '../../../internal/log/sink.ts'
import { json } from '../../support/http.ts'

/** Lines written by a logger with this configuration. */
function written(format: 'auto' | 'json' | 'text', isTerminal: boolean): string {
  const stream = new PassThrough()
  const { logger } = createLogger(
    { level: 'info', format, access: true },
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

test('on a terminal, or when asked for, a line is text', () => {
  for (const text of [written('auto', true), written('text', false)]) {
    assert.match(text, /^\d\d:\d\d:\d\d info {2}api this n=1\n$/)
  }
})

test('lines for a reader that is too slow are dropped and counted', () => {
  const stuck = new Writable({ highWaterMark: 1, write: () => undefined })
  const sink = createSink(stuck)
  for (let i = 0; i < 4; i++) sink.write('x'.repeat(512 * 1024))
  assert.equal(sink.dropped, 1)
  assert.ok(stuck.writableLength <= 2 * 1024 * 1024)
})

test('a closed output ends nothing', async () => {
  const stream = new PassThrough()
  const sink = createSink(stream)
  const closed = new Promise((resolve) => stream.once('close', resolve))
  stream.destroy(new Error('EPIPE'))
  await closed
  sink.write('lost')
  assert.equal(sink.dropped, 1)
})
