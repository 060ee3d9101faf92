import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { test } from 'node:test'

import { createSink } from '../../../internal/log/sink.ts'
import { SlowOutput } from '../../fixtures/log/slow-output.ts'
import { freshDirectory } from '../../support/directory.ts'

/** Notices as text, and what was said elsewhere. */
function notices() {
  const said: string[] = []
  return {
    said,
    dropped: (count: number) => `<${count} dropped>\n`,
    elsewhere: (text: string) => void said.push(text),
  }
}

/** A stream over a descriptor, the way standard output is one for files. */
function streamOver(fd: number): Writable {
  return Object.assign(new Writable({ write: () => assert.fail('written around the descriptor') }), { fd })
}

const mebibyte = 1024 * 1024

test('lines arrive in their order, also those that had to wait', async () => {
  const slow = new SlowOutput()
  const sink = createSink(slow, notices())
  for (let i = 0; i < 1000; i++) sink.write(`${i}\n`)
  await slow.goOn()
  await sink.close(1000)
  assert.equal(slow.text, Array.from({ length: 1000 }, (_, i) => `${i}\n`).join(''))
  assert.equal(sink.dropped, 0)
})

test('for a reader that is stuck a mebibyte waits, not more', async () => {
  const slow = new SlowOutput()
  const sink = createSink(slow, notices())
  const line = `${'x'.repeat(1023)}\n`
  for (let i = 0; i < 100_000; i++) sink.write(line)
  assert.ok(sink.dropped > 98_000 && sink.dropped < 100_000, `dropped ${sink.dropped}`)
  assert.ok(slow.writableLength <= 128 * 1024)
  await slow.goOn()
  await sink.close(1000)
  assert.ok(slow.text.length <= mebibyte + 2048, `${slow.text.length} characters waited`)
})

test('where lines are missing one notice says how many, and what comes then is written again', async () => {
  const slow = new SlowOutput()
  const sink = createSink(slow, notices())
  const half = `${'x'.repeat(mebibyte / 2)}\n`
  for (let i = 0; i < 6; i++) sink.write(half)
  const { dropped } = sink
  await slow.goOn()
  sink.write('after\n')
  await sink.close(1000)
  assert.ok(dropped > 0)
  assert.equal(slow.text, half.repeat(6 - dropped) + `<${dropped} dropped>\n` + 'after\n')
})

test('a line that is longer than all that may wait is still written', async () => {
  const slow = new SlowOutput()
  const sink = createSink(slow, notices())
  sink.write('first\n')
  sink.write(`${'x'.repeat(2 * mebibyte)}\n`)
  await slow.goOn()
  await sink.close(1000)
  assert.equal(sink.dropped, 0)
})

test('at the end what waits is written, and no longer than allowed', async () => {
  const stuck = new SlowOutput()
  const { said, ...rest } = notices()
  const sink = createSink(stuck, rest)
  sink.write('stuck\n')
  sink.write('behind\n')
  await sink.close(1)
  sink.write('too late\n')
  assert.equal(sink.dropped, 3)
  assert.deepEqual(said, ['dropped 2 log lines\n'])
})

test('a closed pipe ends nothing, is told once, and is tried again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let tries = 0
  let isBroken = true
  const arrived: string[] = []
  const pipe = new Writable({
    autoDestroy: false,
    emitClose: false,
    write: (chunk: Buffer, _encoding, done) => {
      tries += 1
      if (!isBroken) arrived.push(chunk.toString())
      done(isBroken ? new Error('EPIPE') : null)
    },
    // Standard output takes the next piece after an error.
    destroy(_error, done) {
      Reflect.get(this, '_undestroy').call(this)
      done(null)
    },
  })
  const { said, ...rest } = notices()
  const sink = createSink(pipe, rest)
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  for (let i = 0; i < 3; i++) {
    sink.write(`${i}\n`)
    await settled()
    t.mock.timers.tick(1000)
    await settled()
  }
  assert.ok(tries >= 3)
  assert.deepEqual(said, ['log lines cannot be written (EPIPE); what does not fit is dropped\n'])
  isBroken = false
  t.mock.timers.tick(1000)
  await settled()
  await sink.close(1000)
  assert.equal(arrived.join(''), '0\n1\n2\n')
})

test('a file is written through its descriptor, and not before the loop goes on', async (t) => {
  const path = join(await freshDirectory(t), 'log')
  const file = await open(path, 'a')
  t.after(() => file.close())
  const sink = createSink(streamOver(file.fd), notices())
  sink.write('one\n')
  sink.write('two\n')
  await sink.close(1000)
  assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n')
})

test('a full disk drops only what does not fit into the queue', async (t) => {
  const full = await open('/dev/full', 'w')
  t.after(() => full.close())
  const { said, ...rest } = notices()
  const sink = createSink(streamOver(full.fd), rest)
  const line = `${'x'.repeat(1023)}\n`
  for (let i = 0; i < 3000; i++) sink.write(line)
  assert.ok(sink.dropped > 1900 && sink.dropped < 2100, `dropped ${sink.dropped}`)
  await sink.close(1000)
  assert.match(said[0] ?? '', /^log lines cannot be written \(ENOSPC/)
  assert.deepEqual(said.slice(1), ['dropped 3000 log lines\n'])
})

test('a line that was cut by a full disk is finished when there is room again', async (t) => {
  // A pipe of the system with a reader stands in for the disk: it takes 64 KiB and then says EAGAIN.
  const directory = await freshDirectory(t)
  const path = join(directory, 'log')
  const file = await open(path, 'w')
  t.after(() => file.close())
  const sink = createSink(streamOver(file.fd), notices())
  const lines = Array.from({ length: 5000 }, (_, i) => `${i} ${'y'.repeat(100)}\n`)
  for (const line of lines) sink.write(line)
  await sink.close(5000)
  let read = ''
  for await (const chunk of createReadStream(path, 'utf8')) read += String(chunk)
  assert.equal(read, lines.join(''))
})
