import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { LastLines, LineSplitter } from '../../../internal/worker/output.ts'

function split(...chunks: readonly (string | Buffer)[]): readonly string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line))
  for (const chunk of chunks) splitter.write(Buffer.from(chunk))
  splitter.end()
  return lines
}

describe('output', () => {
  it('comes as lines however it is cut', () => {
    assert.deepEqual(split('o', 'ne\ntw', 'o\n\nthree\n'), ['one', 'two', '', 'three'])
  })

  it('keeps a character whole that was cut in two', () => {
    const bytes = Buffer.from('Jürgen\n')
    assert.deepEqual(split(bytes.subarray(0, 2), bytes.subarray(2)), ['Jürgen'])
  })

  it('has its last line even without a line break', () => {
    assert.deepEqual(split('one\nhalf'), ['one', 'half'])
  })

  it('shows of a progress bar what a terminal would show', () => {
    assert.deepEqual(split('10%\r50%', '\r100%\r\n', 'done\r\n'), ['100%', 'done'])
  })

  it('is cut where a line does not end', () => {
    const [long, next] = split('x'.repeat(50_000), 'x'.repeat(50_000), 'x'.repeat(200_000), 'tail\nnext\n')
    assert.equal(long?.length, 64 * 1024 + ' … [cut]'.length)
    assert.equal(next, 'next')
  })

  it('of a bar that never ends a line takes no memory', () => {
    assert.deepEqual(split(...Array.from({ length: 5000 }, () => `\r${'#'.repeat(60)}`), '\r100%\n'), [
      '100%',
    ])
  })

  it('is remembered for its last twenty lines', () => {
    const last = new LastLines()
    for (let line = 1; line <= 25; line += 1) last.add(String(line))
    assert.equal(last.lines.length, 20)
    assert.equal(last.lines[0], '6')
    assert.equal(last.lines.at(-1), '25')
  })
})
