import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  array,
  assert as check,
  boolean,
  constantFrom,
  infiniteStream,
  integer,
  oneof,
  property,
  record,
} from 'fast-check'

import { closeFrame, FrameBoundary } from '../../../internal/proxy/frames.ts'

/** A frame as a server sends it, or masked as a client does. */
function frame(opcode: number, payload: number, final = true, masked = false): Buffer {
  const length =
    payload < 126
      ? [payload]
      : payload < 65_536
        ? [126, payload >> 8, payload & 255]
        : [127, 0, 0, 0, 0, payload >>> 24, (payload >> 16) & 255, (payload >> 8) & 255, payload & 255]
  length[0] = (length[0] ?? 0) | (masked ? 0x80 : 0)
  const head = [(final ? 0x80 : 0) | opcode, ...length, ...(masked ? [1, 2, 3, 4] : [])]
  return Buffer.concat([Buffer.from(head), Buffer.alloc(payload, 0x88)])
}

test('a fresh stream stands between two messages', () => {
  assert.equal(new FrameBoundary().atMessageEnd, true)
})

test('the offset behind the first whole message is told, and the stream then stands inside the next', () => {
  const boundary = new FrameBoundary()
  const first = frame(2, 300)
  assert.equal(boundary.take(Buffer.concat([first, frame(2, 10).subarray(0, 5)])), first.length)
  assert.equal(boundary.atMessageEnd, false)
})

test('a control frame between the frames of a message does not end the message', () => {
  const boundary = new FrameBoundary()
  assert.equal(boundary.take(frame(1, 5, false)), -1)
  assert.equal(boundary.take(frame(9, 0)), -1)
  assert.equal(boundary.atMessageEnd, false)
  assert.notEqual(boundary.take(frame(0, 5)), -1)
  assert.equal(boundary.atMessageEnd, true)
})

test('however a stream is cut into pieces, it ends where its messages end', () => {
  const message = record({
    payload: oneof(integer({ min: 0, max: 130 }), constantFrom(125, 126, 65_535, 65_536, 70_000)),
    masked: boolean(),
    pieces: integer({ min: 1, max: 3 }),
  })
  check(
    property(
      array(message, { minLength: 1, maxLength: 6 }),
      infiniteStream(integer({ min: 1, max: 4_000 })),
      (messages, sizes) => {
        const ends: number[] = []
        const frames: Buffer[] = []
        let length = 0
        for (const { payload, masked, pieces } of messages) {
          for (let i = 0; i < pieces; i++) {
            const one = frame(i === 0 ? 2 : 0, payload, i === pieces - 1, masked)
            frames.push(one)
            length += one.length
          }
          ends.push(length)
        }
        const bytes = Buffer.concat(frames)
        const boundary = new FrameBoundary()
        for (let at = 0; at < bytes.length;) {
          const size = sizes.next().value ?? 1
          const chunk = bytes.subarray(at, at + size)
          const told = boundary.take(chunk)
          const expected = ends.find((end) => end > at && end <= at + chunk.length)
          assert.equal(told, expected === undefined ? -1 : expected - at)
          at += chunk.length
          assert.equal(boundary.atMessageEnd, ends.includes(at))
        }
      },
    ),
    { numRuns: 200, seed: 7 },
  )
})

test('the close frame is final, unmasked and carries the code', () => {
  assert.deepEqual([...closeFrame(1012)], [0x88, 2, 0x03, 0xf4])
})
