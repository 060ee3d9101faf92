/** The schema of `[timeouts]` and of `[workers.NAME.timeouts]`, which overrides what of it concerns a worker. */

import * as z from 'zod'

import { durationPattern, parseDuration } from './duration.ts'
import { duration, optional, readText } from './scalars.ts'

/** What the keys of both tables mean. */
const texts = {
  connect: 'Connecting to a worker.',
  responseHeaders: "The first byte of a worker's response.",
  responseIdle: "Between two bytes of a worker's response body.",
  websocketIdle: 'A WebSocket without a byte in either direction.',
} as const

/** `[timeouts]`. */
export const timeoutsSchema = z.strictObject({
  headers: duration('30s', 'A complete request head from a client.'),
  body_idle: duration('60s', 'Without a byte of a request body, or of an answer that waits for its client.'),
  keep_alive: duration('75s', 'An idle client connection between two requests.'),
  connect: duration('5s', texts.connect),
  response_headers: duration('300s', texts.responseHeaders),
  response_idle: duration('0s', texts.responseIdle),
  websocket_idle: duration('0s', texts.websocketIdle),
  hold: duration('12s', 'How long a request waits for a worker that restarts.'),
})

function own(description: string) {
  const read = readText(parseDuration, durationPattern)
  const expects = 'a duration such as "30s", "500ms" or "5m" ("0s" = off)'
  return optional(read, description, expects, 'that of `[timeouts]`')
}

/** `[workers.NAME.timeouts]`. */
export const workerTimeoutsSchema = z.strictObject({
  connect: own(texts.connect),
  response_headers: own(texts.responseHeaders),
  response_idle: own(texts.responseIdle),
  websocket_idle: own(texts.websocketIdle),
})
