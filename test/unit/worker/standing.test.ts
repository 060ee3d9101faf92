import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { Standing } from '../../../internal/worker/standing.ts'
import { FakeClock } from '../../fixtures/worker/fakes.ts'

describe('the state of a worker', () => {
  it('is told to everybody with what it was before', () => {
    const standing = new Standing(new FakeClock())
    const seen: string[] = []
    standing.onChange((state, previous) => seen.push(`${previous.kind} -> ${state.kind}`))
    standing.apply({ kind: 'spawn', generation: 1, attempt: 1 })
    standing.apply({ kind: 'stop' })
    assert.deepEqual(seen, ['stopped -> starting', 'starting -> stopped'])
  })

  it('is told in order also when a listener causes the next change', () => {
    const standing = new Standing(new FakeClock())
    const seen: string[] = []
    standing.onChange((state) => {
      if (state.kind === 'starting') standing.apply({ kind: 'stop' })
    })
    standing.onChange((state) => seen.push(state.kind))
    standing.apply({ kind: 'spawn', generation: 1, attempt: 1 })
    assert.deepEqual(seen, ['starting', 'stopped'])
  })
})
