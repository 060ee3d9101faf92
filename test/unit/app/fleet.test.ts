import assert from 'node:assert/strict'
import { test } from 'node:test'

import { planChange } from '../../../internal/app/change.ts'
import { assembleFleet } from '../../../internal/app/fleet.ts'
import { testRoom } from '../../fixtures/worker/room.ts'
import { configuration, mounted } from '../../support/front.ts'

test("a worker's own time limits count for it alone, and another one replaces no worker", async (t) => {
  const { room } = await testRoom(t)
  const workers = [mounted('uvicorn', 'api', '/api'), mounted('http', 'web', '/web')]
  const { timeouts } = configuration()
  const limited = (websocketIdleMs: number) =>
    configuration({ workers, workerTimeouts: { api: { ...timeouts, websocketIdleMs } } })
  const from = assembleFleet(limited(5_000), room)
  assert.deepEqual(
    from.members.map(({ backend }) => backend?.websocketIdleMs),
    [5_000, 0],
  )
  const { kept, next } = planChange(from, limited(6_000), room)
  assert.deepEqual(kept, next.members)
  assert.deepEqual(
    next.members.map(({ backend }) => backend?.websocketIdleMs),
    [6_000, 0],
  )
  assert.equal(next.members[1]?.backend, from.members[1]?.backend)
})
