import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { jsonFields, TracebackJoiner } from '../../../internal/worker/traceback.ts'

function join(
  lines: readonly string[],
  atEnd: (joiner: TracebackJoiner) => void = (joiner) => joiner.flush(),
): string[] {
  const blocks: string[] = []
  const joiner = new TracebackJoiner((text) => blocks.push(text))
  for (const line of lines) joiner.write(line)
  atEnd(joiner)
  return blocks
}

const frames = ['Traceback (most recent call last):', '  File "a.py", line 1, in f', '    x()']

describe('a traceback', () => {
  it('is one block, with the lines around it on their own', () => {
    const lines = ['before', ...frames, 'ValueError: x', 'after']
    assert.deepEqual(join(lines), ['before', [...frames, 'ValueError: x'].join('\n'), 'after'])
  })

  it('holds on to the one it was raised from', () => {
    const chained = [
      ...frames,
      'ValueError: x',
      '',
      'During handling of the above exception, another exception occurred:',
      '',
      ...frames,
      'KeyError: y',
    ]
    assert.deepEqual(join([...chained, 'after']), [chained.join('\n'), 'after'])
  })

  it('is not mixed with the next one', () => {
    assert.equal(join([...frames, 'ValueError: x', ...frames, 'KeyError: y']).length, 2)
  })

  it('is passed on when nothing follows', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const blocks = join([...frames, 'ValueError: x'], () => t.mock.timers.tick(100))
    assert.equal(blocks.length, 1)
  })

  it('without end is passed on in parts', () => {
    const endless = Array.from({ length: 2500 }, () => '  File "a.py", line 1, in f')
    assert.equal(join([frames[0] ?? '', ...endless]).length, 3)
  })
})

describe('a line of JSON', () => {
  it('keeps its fields', () => {
    assert.deepEqual(jsonFields('{"level":"info","n":1}'), { level: 'info', n: 1 })
  })

  it('is only a whole object', () => {
    for (const line of ['{"a":', '[1]', '5', '{} x', '{broken}']) assert.equal(jsonFields(line), undefined)
  })
})
