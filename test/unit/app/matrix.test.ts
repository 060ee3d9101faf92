import assert from 'node:assert/strict'
import { test } from 'node:test'

import { answerCases } from '../../matrix/answers.ts'
import { requestCases } from '../../matrix/cases.ts'
import { judgeAnswer } from '../../matrix/judge-answer.ts'
import { judge } from '../../matrix/judge.ts'
import { sourcePlace } from '../../matrix/place.ts'

test('no two cases have the same name', () => {
  const ids = [...requestCases, ...answerCases].map(({ id }) => id)
  assert.deepEqual([...new Set(ids)], ids)
})

for (const item of requestCases) {
  test(`${item.id} ${item.title}`, async (t) => {
    assert.equal(await judge(await sourcePlace(t), item, 'one write'), null)
  })
}

for (const item of answerCases) {
  test(`${item.id} ${item.title} in the worker's answer`, async (t) => {
    assert.equal(await judgeAnswer(await sourcePlace(t), item, 'one write'), null)
  })
}
