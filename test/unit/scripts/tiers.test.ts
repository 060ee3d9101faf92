import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { select } from '../../../scripts/testing/tiers.mjs'
import totals, { sentence, sum } from '../../../scripts/testing/totals.mjs'

const files: Readonly<Record<string, string[]>> = {
  unit: ['test/unit/route/route.test.ts', 'test/unit/log/log.test.ts'],
  integration: ['test/integration/route.test.ts'],
  e2e: ['test/e2e/page.test.ts'],
}

function chosen(...words: string[]): { lint: boolean; files: string[] } {
  const selection = select(words, (tier) => files[tier] ?? [])
  return { lint: selection.lint, files: selection.runs.flatMap((run) => run.files) }
}

suite('npm test', () => {
  test('without a word runs everything', () => {
    assert.deepEqual(chosen(), { lint: true, files: Object.values(files).flat() })
  })

  test('with the name of a tier runs that tier', () => {
    assert.deepEqual(chosen('unit'), { lint: false, files: files['unit'] })
    assert.deepEqual(chosen('lint'), { lint: true, files: [] })
  })

  test('with a part of a path runs the files it fits, in whatever tier', () => {
    assert.deepEqual(chosen('route.test').files, [
      'test/unit/route/route.test.ts',
      'test/integration/route.test.ts',
    ])
    assert.deepEqual(chosen('./test/e2e/page.test.ts', 'lint'), { lint: true, files: files['e2e'] })
  })

  test('with a word that fits nothing says so instead of passing', () => {
    assert.throws(() => chosen('unti'), /no test matches unti/)
  })
})

suite('the totals', () => {
  test('come from the summary of the run, where cancelled is failed and todo is skipped', async () => {
    const counts = { passed: 4, failed: 1, cancelled: 2, skipped: 3, todo: 1 }
    const events = [
      { type: 'test:summary', data: { counts: { ...counts, passed: 99 }, file: '/a.test.ts' } },
      { type: 'test:pass', data: {} },
      { type: 'test:summary', data: { counts } },
    ]
    const lines: string[] = []
    for await (const line of totals(each(events))) lines.push(line)
    assert.deepEqual(lines, ['{"passed":4,"failed":3,"skipped":4}\n'])
  })

  test('of several tiers are added and told in one line', () => {
    const total = sum([
      { passed: 1, failed: 0, skipped: 2 },
      { passed: 3, failed: 1, skipped: 0 },
    ])
    assert.equal(sentence(total), '4 passed, 1 failed, 2 skipped')
  })
})

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values
}
