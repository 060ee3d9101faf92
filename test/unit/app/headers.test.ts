import assert from 'node:assert/strict'
import { test } from 'node:test'

import { array, assert as check, asyncProperty, constantFrom, mixedCase, record } from 'fast-check'

import { allFields } from '../../support/message.ts'
import { recorded } from '../../support/through.ts'

const computed = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-request-id',
]
const never = [
  'forwarded',
  'x-real-ip',
  'x-original-url',
  'cf-connecting-ip',
  'x-fluxlit-email',
  'x-envoy-peer',
]

const line = record({
  name: mixedCase(constantFrom(...computed, ...never, 'via', 'traceparent', 'x-mine')),
  separator: constantFrom('-', '-', '_', '.'),
}).map(({ name, separator }) => `${name.replaceAll('-', separator)}: evil`)
const nomination = constantFrom(...computed, 'x-mine').map((name) => `Connection: ${name}`)

test("over the wire no client's version of a name of the gateway's arrives at a worker", async (t) => {
  const { worker, client } = await recorded(t)
  await check(
    asyncProperty(
      array(line, { maxLength: 8 }),
      array(nomination, { maxLength: 2 }),
      async (lines, nominations) => {
        const fields = ['Host: a:8000', ...nominations, ...lines]
        const answer = await client.send(`GET / HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`).answer()
        assert.equal(answer.status, 200)
        const seen = worker.requests.at(-1) ?? { fields: [] }
        for (const [name, text] of seen.fields) {
          if (text.includes('evil')) assert.match(name.toLowerCase(), /^(x-mine|via)$/)
          assert.doesNotMatch(name, /[_.]/)
        }
        for (const name of computed) assert.equal(allFields(seen, name).length, 1, name)
        for (const name of never) assert.deepEqual(allFields(seen, name), [])
        assert.deepEqual(allFields(seen, 'x-forwarded-for'), ['127.0.0.1'])
        assert.deepEqual(allFields(seen, 'x-request-id'), allFields(answer, 'x-request-id'))
        assert.match(allFields(seen, 'via').join(), /1\.1 fluxlit$/)
      },
    ),
    { numRuns: 200 },
  )
})
