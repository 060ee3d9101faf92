import assert from 'node:assert/strict'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { test } from 'node:test'

import { openOutlet, type Outlet, type Written } from '../../../internal/log/outlet.ts'
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

/** An outlet with room for so many bytes. */
class BrokenOutlet implements Outlet {
  room = 0
  tries = 0
  text = ''

  write(bytes: Buffer, done: Written): void {
    this.tries += 1
    const taken = bytes.subarray(0, this.room)
    this.room -= taken.length
    this.text += taken.toString()
    done(taken.length < bytes.length ? new Error('ENOSPC') : null, taken.length)
  }
}

const mebibyte = 1024 * 1024

test('lines arrive in their order, also those that had to wait', async () => {
  const slow = new SlowOutput()
  const sink = createSink(openOutlet(slow), notices())
  for (let i = 0; i < 1000; i++) sink.write(`${i}\n`)
  await slow.goOn()
  await sink.close(1000)
  assert.equal(slow.text, Array.from({ length: 1000 }, (_, i) => `${i}\n`).join(''))
  assert.equal(sink.dropped, 0)
})

test('for a reader that is stuck a mebibyte waits, not more', async () => {
  const slow = new SlowOutput()
  const sink = createSink(openOutlet(slow), notices())
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
  const sink = createSink(openOutlet(slow), notices())
  const half = `${'x'.repeat(mebibyte / 2)}\n`
  for (let i = 0; i < 6; i++) sink.write(half)
  const { dropped } = sink
  await slow.goOn()
  sink.write('after\n')
  await sink.close(1000)
  assert.ok(dropped > 0)
  assert.equal(slow.text, `${half.repeat(6 - dropped)}<${dropped} dropped>\nafter\n`)
})

test('a line that is longer than all that may wait is still written', async () => {
  const slow = new SlowOutput()
  const sink = createSink(openOutlet(slow), notices())
  sink.write('first\n')
  sink.write(`${'x'.repeat(2 * mebibyte)}\n`)
  await slow.goOn()
  await sink.close(1000)
  assert.equal(sink.dropped, 0)
})

test('at the end what waits is written, and no longer than allowed', async () => {
  const stuck = new SlowOutput()
  const { said, ...rest } = notices()
  const sink = createSink(openOutlet(stuck), rest)
  sink.write('stuck\n')
  sink.write('behind\n')
  await sink.close(1)
  sink.write('too late\n')
  assert.equal(sink.dropped, 3)
  assert.deepEqual(said, ['dropped 2 log lines\n'])
})

test('an output that is closed is told once, left alone for a second each time, and written when it is back', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const outlet = new BrokenOutlet()
  const { said, ...rest } = notices()
  const sink = createSink(outlet, rest)
  for (let i = 0; i < 3; i++) {
    sink.write(`${i}\n`)
    sink.write(`${i}\n`)
    t.mock.timers.tick(1000)
  }
  assert.equal(outlet.tries, 4)
  assert.deepEqual(said, ['log lines cannot be written (ENOSPC); what does not fit is dropped\n'])
  outlet.room = Infinity
  t.mock.timers.tick(1000)
  sink.write('new\n')
  assert.equal(outlet.text, '0\n0\n1\n1\n2\n2\nnew\n')
  assert.equal(sink.dropped, 0)
})

test('a line that a full disk has cut is finished when there is room again', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const outlet = new BrokenOutlet()
  outlet.room = 3
  const sink = createSink(outlet, notices())
  sink.write('first\n')
  sink.write('second\n')
  outlet.room = 7
  t.mock.timers.tick(1000)
  outlet.room = Infinity
  t.mock.timers.tick(1000)
  assert.equal(outlet.text, 'first\nsecond\n')
})

test('a file is written through its descriptor, and not before the loop goes on', async (t) => {
  const path = join(await freshDirectory(t), 'log')
  const file = await open(path, 'a')
  t.after(() => file.close())
  const sink = createSink(openOutlet(streamOver(file.fd)), notices())
  sink.write('one\n')
  sink.write('two\n')
  await sink.close(1000)
  assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n')
})

test('a full disk drops only what does not fit into the queue', async (t) => {
  const full = await open('/dev/full', 'w')
  t.after(() => full.close())
  const { said, ...rest } = notices()
  const sink = createSink(openOutlet(streamOver(full.fd)), rest)
  const line = `${'x'.repeat(1023)}\n`
  for (let i = 0; i < 3000; i++) sink.write(line)
  assert.ok(sink.dropped > 1900 && sink.dropped < 2100, `dropped ${sink.dropped}`)
  await sink.close(1000)
  assert.match(said[0] ?? '', /^log lines cannot be written \(ENOSPC/)
  assert.deepEqual(said.slice(1), ['dropped 3000 log lines\n'])
})

test('lines that may wait leave together, in front of the next that may not, at the latest with the end', async () => {
  const outlet = new BrokenOutlet()
  outlet.room = mebibyte
  const sink = createSink(outlet, notices())
  sink.writeSoon('1\n')
  sink.writeSoon('2\n')
  assert.deepEqual([outlet.text, outlet.tries], ['', 0])
  sink.write('3\n')
  assert.deepEqual([outlet.text, outlet.tries], ['1\n2\n3\n', 1])
  sink.writeSoon('4\n')
  await sink.close(1000)
  assert.equal(outlet.text, '1\n2\n3\n4\n')
  assert.equal(sink.dropped, 0)
})

test('a line that may wait does not wait for another one', async () => {
  const written = Promise.withResolvers<string>()
  const outlet: Outlet = {
    write: (bytes, done) => {
      written.resolve(bytes.toString())
      done(null, bytes.length)
    },
  }
  createSink(outlet, notices()).writeSoon('alone\n')
  assert.equal(await written.promise, 'alone\n')
})

test('many lines that may wait leave before their time', () => {
  const outlet = new BrokenOutlet()
  outlet.room = mebibyte
  const sink = createSink(outlet, notices())
  for (let i = 0; i < 128; i++) sink.writeSoon(`${'x'.repeat(1023)}\n`)
  assert.equal(outlet.tries, 1)
})

test('lines in any script arrive as they are, also when a batch is far larger than usual', async () => {
  const slow = new SlowOutput()
  const sink = createSink(openOutlet(slow), notices())
  const lines = ['one\n', `${'€'.repeat(100_000)}\n`, 'Łukasz 🙂\n', `${'ü'.repeat(150_000)}\n`, 'last\n']
  for (const line of lines) sink.write(line)
  await slow.goOn()
  await sink.close(1000)
  assert.equal(slow.text, lines.join(''))
})
