import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { AnswerReader } from '../../../../scripts/bench/load/answer.ts'
import { acceptFor, maskedFrame, plainFrame } from '../../../../scripts/bench/load/frames.ts'
import { parseWrk } from '../../../../scripts/bench/load/wrk.ts'
import { objection } from '../../../../scripts/bench/scenarios/requests.ts'
import { readHead } from '../../../../scripts/bench/upstream/head.ts'

const output = `Running 5s test @ http://127.0.0.1:9101/x
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.51ms    0.92ms  31.11ms   91.46%
    Req/Sec    43.21k     2.11k   47.06k    72.00%
  Latency Distribution
     50%    1.37ms
     75%    1.71ms
     90%    2.24ms
     99%  904.00us
  215033 requests in 5.02s, 48.61MB read
`

suite('the output of wrk', () => {
  test('is read with its units', () => {
    const { requests, seconds, refused, broken, p50, p99 } = parseWrk(`${output}Requests/sec:  42835.2\n`)
    assert.deepEqual([requests, seconds, refused, broken, p50], [215_033, 5.02, 0, 0, 1.37])
    assert.ok(Math.abs(p99 - 0.904) < 1e-9)
  })

  test('has the answers that were not 2xx and the connections that broke', () => {
    const bad = `${output}  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 200000\n`
    const { refused, broken } = parseWrk(bad)
    assert.deepEqual([refused, broken], [200_000, 10])
  })

  test('that is no output is an error with its first line', () => {
    assert.throws(
      () => parseWrk('unable to connect to 127.0.0.1:1 Connection refused\n'),
      /unable to connect/,
    )
  })
})

suite('a figure of a load', () => {
  const good = { requests: 200_000, seconds: 5, refused: 0, broken: 0, p50: 1, p99: 2 }

  test('is void with a single answer that is not 2xx, with a broken connection, with too few requests', () => {
    assert.equal(objection(good), null)
    assert.match(objection({ ...good, refused: 1 }) ?? '', /1 of 200000 answers were not 2xx/)
    assert.match(objection({ ...good, broken: 1 }) ?? '', /1 connections failed/)
    assert.match(objection({ ...good, requests: 999 }) ?? '', /only 999 requests in 5 s/)
  })
})

suite('the answers a load generator reads', () => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Type: a\r\ncontent-length: 5\r\n\r\nhello'

  test('are complete with their last byte, wherever the bytes were split', () => {
    for (let at = 1; at < answer.length; at += 1) {
      const reader = new AnswerReader()
      assert.equal(reader.read(Buffer.from(answer.slice(0, at))), null, `split at ${at}`)
      assert.equal(reader.read(Buffer.from(answer.slice(at))), 200, `split at ${at}`)
    }
  })

  test('follow each other on one connection', () => {
    const reader = new AnswerReader()
    const empty = 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'
    assert.deepEqual([reader.read(Buffer.from(answer)), reader.read(Buffer.from(empty))], [200, 503])
  })

  test('without a length are an error and no success', () => {
    const chunked = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    assert.throws(() => new AnswerReader().read(chunked), /without Content-Length/)
  })
})

suite("the bench's own upstream", () => {
  test('reads the length of a body, or that it is chunked', () => {
    assert.equal(readHead('POST /a?size=5 HTTP/1.1\r\nHost: x\r\ncontent-length:  42').length, 42)
    assert.equal(readHead('POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: x').length, 'chunked')
    const { method, path, query, length, key } = readHead('GET /a?size=5 HTTP/1.1\r\nHost: x')
    assert.deepEqual([method, path, query.get('size'), length, key], ['GET', '/a', '5', 0, null])
  })

  test('accepts the handshake of RFC 6455, section 1.3', () => {
    const { key } = readHead('GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHost: x')
    assert.equal(acceptFor(key ?? ''), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  })

  test('sends frames whose length is where RFC 6455, section 5.2 wants it', () => {
    assert.deepEqual([...plainFrame(125).subarray(0, 2)], [0x82, 125])
    assert.deepEqual([...plainFrame(1024).subarray(0, 4)], [0x82, 126, 4, 0])
    assert.deepEqual([...maskedFrame(1024).subarray(0, 8)], [0x82, 0xfe, 4, 0, 0, 0, 0, 0])
    assert.equal(maskedFrame(1024).length, 1032)
  })
})
