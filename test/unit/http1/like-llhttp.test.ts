import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { Campaign, type Finding } from '../../fuzz/campaign.ts'
import { AnswerReader } from '../../fuzz/engine-answers.ts'
import { readWithEngine, wideLimits } from '../../fuzz/engine-requests.ts'
import { instability, laxity } from '../../fuzz/judge.ts'
import { Llhttp } from '../../fuzz/llhttp.ts'
import { minimised } from '../../fuzz/minimise.ts'
import { checkRequests } from '../../fuzz/request-check.ts'
import type { Message, Reading } from '../../fuzz/reading.ts'
import { requestCases } from '../../matrix/cases.ts'
import { freshDirectory } from '../../support/directory.ts'

/** Fixed: a test that fails must fail again. `npm run fuzz` takes others. */
const seed = 1

async function campaign(t: TestContext): Promise<Campaign> {
  const reader = new AnswerReader(join(await freshDirectory(t), 'w.sock'))
  await reader.open()
  t.after(() => reader.close())
  return new Campaign(seed, reader)
}

const told = (finding: Finding | null): string =>
  finding === null ? 'nothing' : `${finding.wrong}: ${JSON.stringify(finding.bytes)}`

test('no request is taken that llhttp refuses, none differently, and none depending on how it comes', async (t) => {
  const run = await campaign(t)
  assert.equal(told(await run.run('request', 0, 600)), 'nothing')
  const { accepted, refused } = run.tallies.request
  assert.ok(accepted > 150 && refused > 150, `${accepted} accepted, ${refused} refused`)
})

test('no answer is taken that llhttp refuses, none differently, and none depending on how it comes', async (t) => {
  const run = await campaign(t)
  assert.equal(told(await run.run('answer', 0, 180)), 'nothing')
  const { accepted, refused } = run.tallies.answer
  assert.ok(accepted > 40 && refused > 40, `${accepted} accepted, ${refused} refused`)
})

test('every request of the byte matrix is read like that', () => {
  const llhttp = new Llhttp()
  for (const { id, bytes } of requestCases.filter((item) => item.bytes.length < 4_096))
    assert.equal(checkRequests(llhttp, bytes, 1).wrong, null, id)
})

test('our reading and llhttp’s of two requests are the same, to the piece in which each ends', () => {
  const pieces = [
    'POST /x HTTP/1.1\r\nHost: a\r\nX:  b \r\nTransfer-Encoding: chunked\r\n\r\n1;e\r\na\r',
    '\n0\r\n',
    '\r\n',
  ]
  pieces.push('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const ours = readWithEngine(pieces, wideLimits, null)
  const theirs = new Llhttp().read(pieces, { kind: 'request' })
  const fields = ours.messages.map((message) => [
    message.method,
    message.body,
    message.completeIn,
    message.keeps,
  ])
  assert.deepEqual(fields, [
    ['POST', 'a', 2, true],
    ['GET', '', 3, false],
  ])
  assert.deepEqual(theirs.messages, ours.messages)
  assert.deepEqual([ours.ending, theirs.ending], ['closed', 'open'])
})

const message: Message = {
  method: 'GET',
  target: '/',
  status: 0,
  minor: 1,
  fields: ['Host', 'a'],
  body: '',
  completeIn: 0,
  keeps: true,
  leaves: false,
}

function reading(ending: Reading['ending'], ...changes: readonly Partial<Message>[]): Reading {
  return { messages: changes.map((change) => ({ ...message, ...change })), ending, reason: '' }
}

for (const [what, theirs] of [
  ['a message it refuses', reading('refused')],
  ['another method', reading('open', { method: 'POST' })],
  ['another target', reading('open', { target: '/y' })],
  ['another field', reading('open', { fields: ['host', 'a'] })],
  ['another body', reading('open', { body: 'x' })],
  ['another end', reading('open', { completeIn: 1 })],
  ['no end', reading('open', { completeIn: -1 })],
  ['an end of the connection', reading('open', { keeps: false })],
  ['one message more', reading('open', {}, {})],
] as const) {
  test(`the judge sees it when llhttp has ${what}`, () => {
    assert.equal(laxity('', reading('open', {}), reading('open', {})), null)
    assert.notEqual(laxity('', reading('open', {}), theirs), null)
  })
}

test('the judge lets us be stricter', () => {
  assert.equal(laxity('', reading('refused'), reading('open', {})), null)
  assert.equal(laxity('', reading('refused', { completeIn: -1, body: 'x' }), reading('open', {})), null)
  assert.equal(laxity('', reading('open', { keeps: false }), reading('open', {})), null)
})

test('the judge sees it when a segmentation makes a difference', () => {
  const one = reading('open', {})
  assert.equal(instability(one, reading('open', {})), null)
  for (const other of [reading('refused', {}), reading('open'), reading('open', { body: 'x' })])
    assert.notEqual(instability(one, other), null)
})

test('a failing input is made as short as it can be', async () => {
  const shortest = await minimised('some bytes, of which X and Y, and no others, matter', (bytes) =>
    /X.*Y/.test(bytes),
  )
  assert.equal(shortest, 'XY')
})
