import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'

import { Departures } from '../../../internal/proxy/departures.ts'

/** A socket that closes when it is told to. */
class Client extends EventEmitter {
  destroyed = false

  close(): void {
    this.destroyed = true
    this.emit('close')
  }
}

/** Lets everything begin that may. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
}

test('many ends begin in order, and no more than 128 before others are over', async () => {
  const departures = new Departures()
  const clients = Array.from({ length: 300 }, () => new Client())
  const begun: number[] = []
  clients.forEach((client, index) => departures.add(client, () => begun.push(index)))
  assert.deepEqual(begun, [])
  await settle()
  assert.equal(begun.length, 128)
  for (const client of clients.slice(0, 10)) client.close()
  await settle()
  assert.equal(begun.length, 138)
  for (const client of clients.slice(10, 138)) client.close()
  await settle()
  for (const client of clients.slice(138, 266)) client.close()
  await settle()
  assert.deepEqual(
    begun,
    clients.map((_, index) => index),
  )
})

test('a client that left while it waited has no end to begin, and keeps nobody waiting', async () => {
  const departures = new Departures()
  const gone = Array.from({ length: 200 }, () => new Client())
  for (const client of gone) departures.add(client, () => assert.fail('it has left'))
  for (const client of gone) client.close()
  const last = Promise.withResolvers<void>()
  departures.add(new Client(), () => last.resolve())
  await last.promise
})

test('ends that do not come to an end keep the next one waiting for a second, not for ever', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const departures = new Departures()
  let begun = 0
  for (let count = 0; count < 130; count += 1) departures.add(new Client(), () => (begun += 1))
  await settle()
  assert.equal(begun, 128)
  t.mock.timers.tick(1_000)
  await settle()
  assert.equal(begun, 130)
})
