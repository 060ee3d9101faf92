import assert from 'node:assert/strict'
import { it } from 'node:test'

import { Tally } from '../../../internal/worker/tally.ts'
import { FakeClock } from '../../fixtures/worker/fakes.ts'

const problem = { code: 'worker_died', message: 'it ended' }

it('a death is remembered with its time, the age of the process and its cause', () => {
  const clock = new FakeClock()
  const tally = new Tally(clock)
  clock.advance(61_900)
  tally.died({ number: 3, startedAt: 0 }, problem)
  assert.deepEqual(tally.deaths, [
    { time: '2023-11-14T22:14:21.900Z', uptime_s: 61, generation: 3, cause: 'it ended', code: 'worker_died' },
  ])
})

it('the last hundred deaths are remembered', () => {
  const tally = new Tally(new FakeClock())
  for (let number = 1; number <= 101; number += 1) tally.died({ number, startedAt: 0 }, problem)
  assert.equal(tally.deaths.length, 100)
  assert.equal(tally.deaths[0]?.generation, 2)
})

it('restarts are counted by reason', () => {
  const tally = new Tally(new FakeClock())
  for (const reason of ['crash', 'hang', 'crash']) tally.restarted(reason)
  assert.deepEqual(tally.restarts, { crash: 2, hang: 1 })
})

it('of the last five deaths it is remembered what the process said', () => {
  const tally = new Tally(new FakeClock())
  for (let number = 1; number <= 7; number += 1) {
    const detail = Array.from({ length: 30 }, (_, index) => `${number}.${index} ${'x'.repeat(600)}`)
    tally.died({ number, startedAt: 0 }, { ...problem, detail })
  }
  assert.deepEqual(
    tally.deaths.map(({ lines }) => lines?.length),
    [undefined, undefined, 20, 20, 20, 20, 20],
  )
  const last = tally.deaths.at(-1)?.lines ?? []
  assert.match(last[0] ?? '', /^7\.10 x+$/)
  assert.equal(last.at(-1)?.length, 500)
})
