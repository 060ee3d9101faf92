import assert from 'node:assert/strict'
import { test } from 'node:test'

import { dateLine, statusLine } from '../../../internal/http1/status-line.ts'

test('a status gets the phrase of the standard, an unknown one none', () => {
  assert.equal(statusLine(200), 'HTTP/1.1 200 OK\r\n')
  assert.equal(statusLine(503), 'HTTP/1.1 503 Service Unavailable\r\n')
  assert.equal(statusLine(299), 'HTTP/1.1 299 \r\n')
  assert.equal(statusLine(200), 'HTTP/1.1 200 OK\r\n')
})

test('the date is the current second in the form of the standard', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 10, 6, 8, 49, 37, 999) })
  assert.equal(dateLine(), 'Date: Fri, 06 Nov 2026 08:49:37 GMT\r\n')
  t.mock.timers.setTime(Date.UTC(2026, 10, 6, 8, 49, 38))
  assert.equal(dateLine(), 'Date: Fri, 06 Nov 2026 08:49:38 GMT\r\n')
})
