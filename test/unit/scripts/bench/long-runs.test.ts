import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { hotFunctions } from '../../../../scripts/bench/profile/profile.ts'
import type { CpuProfile } from '../../../../scripts/bench/profile/profile.ts'
import { judgeFlat } from '../../../../scripts/bench/soak/judgement.ts'
import type { Sample } from '../../../../scripts/bench/soak/judgement.ts'

const megabyte = 1024 * 1024

/** An hour in samples of five seconds. */
function hour(bytes: (seconds: number) => number, descriptors = (_seconds: number): number => 40): Sample[] {
  return Array.from({ length: 720 }, (_, index) => {
    const seconds = (index + 1) * 5
    return { seconds, anonymousBytes: bytes(seconds), descriptors: descriptors(seconds), cpu: 0.2 }
  })
}

function frame(functionName: string, lineNumber: number): CpuProfile['nodes'][number]['callFrame'] {
  return { functionName, url: 'file:///a.mjs', lineNumber, columnNumber: 0 }
}

suite('a soak', () => {
  test('is flat when memory comes and goes with collections', () => {
    const { memory, descriptors } = judgeFlat(hour((seconds) => (60 + ((seconds / 5) % 25)) * megabyte))
    assert.ok(memory.isFlat, `${memory.growth}`)
    assert.ok(descriptors.isFlat)
  })

  test('is flat when all growth was in its first third', () => {
    assert.ok(judgeFlat(hour((seconds) => Math.min(90, 40 + seconds / 10) * megabyte)).memory.isFlat)
  })

  test('is not flat when memory grows below the sawtooth', () => {
    const leak = (seconds: number): number => (60 + ((seconds / 5) % 25) + seconds / 200) * megabyte
    const { memory } = judgeFlat(hour(leak))
    assert.ok(!memory.isFlat)
    assert.ok(Math.abs(memory.growth / megabyte - 12) < 2, `${memory.growth / megabyte} of about 12 MiB`)
  })

  test('is not flat when descriptors stay open', () => {
    const { descriptors } = judgeFlat(
      hour(
        () => 60 * megabyte,
        (seconds) => 40 + Math.floor(seconds / 60),
      ),
    )
    assert.ok(!descriptors.isFlat)
  })

  test('is flat when memory shrinks', () => {
    assert.ok(judgeFlat(hour((seconds) => (100 - seconds / 100) * megabyte)).memory.isFlat)
  })

  test('of two samples is not judged', () => {
    assert.throws(() => judgeFlat(hour(() => 1).slice(0, 2)), RangeError)
  })
})

suite('a CPU profile', () => {
  const profile: CpuProfile = {
    nodes: [
      { id: 1, callFrame: frame('parse', 10) },
      { id: 2, callFrame: frame('write', 20) },
      { id: 3, callFrame: frame('parse', 10) },
      { id: 4, callFrame: frame('(idle)', -1) },
      { id: 5, callFrame: frame('', 30) },
    ],
    startTime: 1000,
    samples: [2, 1, 3, 4, 2, 5, 2],
    timeDeltas: [100, 10, 20, 500, 25, 1, 999],
  }

  test('is added up by function, wherever it was called from, the most expensive first', () => {
    const { functions, busy } = hotFunctions(profile, 1101, 1700)
    assert.deepEqual(
      functions.map(({ name, self }) => [name, self]),
      [
        ['parse', 30],
        ['write', 25],
        ['(anonymous)', 1],
      ],
    )
    assert.equal(busy, 56)
  })

  test('counts only what was sampled in the asked time, and idle time apart', () => {
    const { functions, busy, idle } = hotFunctions(profile, 1101, 1640)
    assert.deepEqual([functions.length, busy, idle], [1, 30, 500])
  })
})
