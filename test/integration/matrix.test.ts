import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import type { AnswerCase } from '../matrix/answer-case.ts'
import { answerCases } from '../matrix/answers.ts'
import { binaryPlace } from '../matrix/binary-place.ts'
import type { RequestCase } from '../matrix/case.ts'
import { requestCases } from '../matrix/cases.ts'
import { deliveries } from '../matrix/delivery.ts'
import { judgeAnswer } from '../matrix/judge-answer.ts'
import { judge } from '../matrix/judge.ts'
import { sourcePlace } from '../matrix/place.ts'
import type { Place, RecordedPlace } from '../matrix/place.ts'
import { uvicornPlace } from '../matrix/uvicorn.ts'

const recording: Readonly<Record<string, (t: TestContext) => Promise<RecordedPlace>>> = {
  'the gateway': sourcePlace,
  'the executable': binaryPlace,
}
const everything: Readonly<Record<string, (t: TestContext) => Promise<Place>>> = {
  ...recording,
  'the gateway and Uvicorn with httptools': (t) => uvicornPlace(t, 'httptools'),
  'the gateway and Uvicorn with h11': (t) => uvicornPlace(t, 'h11'),
}

/** What came out otherwise than required, case by case and in the same places. */
async function failures<Case extends RequestCase | AnswerCase>(
  cases: readonly Case[],
  verdict: (item: Case) => Promise<string | null>,
): Promise<readonly string[]> {
  const found: string[] = []
  for (const item of cases) {
    const wrong = await verdict(item)
    if (wrong !== null) found.push(`${item.id} ${item.title}: ${wrong}`)
  }
  return found
}

for (const [name, open] of Object.entries(everything)) {
  for (const how of deliveries) {
    test(`every request comes out of ${name} as required when it arrives ${how}`, async (t) => {
      const place = await open(t)
      assert.deepEqual(await failures(requestCases, (item) => judge(place, item, how)), [])
    })
  }
}

for (const [name, open] of Object.entries(recording)) {
  for (const how of deliveries) {
    test(`every answer comes out of ${name} as required when it arrives ${how}`, async (t) => {
      const place = await open(t)
      assert.deepEqual(await failures(answerCases, (item) => judgeAnswer(place, item, how)), [])
    })
  }
}
