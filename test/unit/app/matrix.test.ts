import assert from 'node:assert/strict'
import { test } from 'node:test'

import { answerCases } from '../../matrix/answers.ts'
import { get, post } from '../../matrix/bytes.ts'
import { requestCases } from '../../matrix/cases.ts'
import { judgeAnswer } from '../../matrix/judge-answer.ts'
import { judge } from '../../matrix/judge.ts'
import { sourcePlace } from '../../matrix/place.ts'
import { recorded } from '../../support/through.ts'

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

test('T20 a client that resets in the middle of its body never looks finished to the worker', async (t) => {
  const { worker, front, client } = await recorded(t)
  client.send(post(['Content-Length: 9'], 'half'))
  const wire = await worker.server.accept(0)
  client.reset()
  await wire.ended
  await front.settled(1)
  assert.deepEqual(worker.requests, [])
})

test("C8 Connection: close ends the client's connection and not the worker's", async (t) => {
  const { worker, front, client } = await recorded(t)
  await client.send(get('/x', 'Connection: X-A, CLOSE')).answer()
  assert.equal(await client.ended, 'end')
  await (await front.connect()).send(get('/y')).answer()
  assert.equal(worker.server.wires.length, 1)
})
