import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { digest } from '../../internal/auth/session/key-ring.ts'
import type { NewSession, SessionStore } from '../../internal/auth/session/store.ts'
import { eventually } from './eventually.ts'

/** A store under test, with a clock the test moves. */
export interface StoreUnderTest {
  readonly store: SessionStore
  /** A second gateway's view of the same sessions; null = there can be none. */
  readonly other: SessionStore | null
  /** Sets its wall clock forward or back, in milliseconds. */
  readonly turnClock: (ms: number) => void
}

const hour = 3_600_000

const fresh = (given: Partial<NewSession> = {}): NewSession => ({
  sealed: Buffer.from([0, 1, 2, 255]),
  about: Buffer.from([3, 4, 5, 254]),
  expiresAt: Date.now() + 12 * hour,
  idleAt: Date.now() + 2 * hour,
  indexes: [],
  ...given,
})

/** What every session store does, in one suite for all of them. */
export function sessionStoreSuite(kind: string, open: (t: TestContext) => Promise<StoreUnderTest>): void {
  test(`sessions in ${kind}`, async (t) => {
    const under = await open(t)
    const { store, turnClock } = under
    const made = async (given: Partial<NewSession> = {}): Promise<string> => {
      const key = digest(randomUUID())
      await store.create(key, fresh(given))
      return key
    }

    await t.test('a session that was made is found as it was made', async () => {
      const session = fresh()
      const key = await made(session)
      const found = await store.get(key)
      assert.deepEqual(found?.sealed, session.sealed)
      assert.equal(found?.expiresAt, session.expiresAt)
      assert.equal(found?.idleAt, session.idleAt)
      assert.equal(found?.fence, 0)
    })

    await t.test('what was never made is not there', async () => {
      assert.equal(await store.get(digest('nobody')), null)
      assert.equal(await store.remove(digest('nobody'), 'signed_out'), false)
      assert.equal(await store.takeTurn(digest('nobody'), hour), null)
    })

    await t.test('a removed session is gone, also for who wants to change it', async () => {
      const key = await made()
      const turn = await store.takeTurn(key, hour)
      assert.equal(await store.remove(key, 'signed_out'), true)
      assert.equal(await store.get(key), null)
      assert.equal(await store.replace(key, turn?.fence ?? 0, Buffer.from('x')), false)
      await store.touch(key, Date.now() + hour)
      assert.equal(await store.get(key), null)
      assert.equal(await store.remove(key, 'signed_out'), false)
    })

    await t.test(
      'a session ends when it was not used, and at its end however much it was used',
      async (s) => {
        s.after(() => turnClock(0))
        const key = await made()
        turnClock(2 * hour - 60_000)
        await store.touch(key, Date.now() + 4 * hour)
        turnClock(2 * hour + 60_000)
        assert.notEqual(await store.get(key), null)
        turnClock(4 * hour + 60_000)
        assert.equal(await store.get(key), null)
        const used = await made({ idleAt: Date.now() + 100 * hour })
        turnClock(12 * hour + 60_000)
        assert.equal(await store.get(used), null)
      },
    )

    await t.test('sessions are found by each of their indexes until they are removed', async () => {
      const [subject, one, two] = [digest(randomUUID()), digest(randomUUID()), digest(randomUUID())]
      const first = await made({ indexes: [subject, one] })
      const second = await made({ indexes: [subject, two] })
      assert.deepEqual(new Set(await store.find(subject)), new Set([first, second]))
      assert.deepEqual(await store.find(one), [first])
      await store.remove(first, 'signed_out')
      assert.deepEqual(await store.find(subject), [second])
      assert.deepEqual(await store.find(one), [])
    })

    await t.test('all sessions that go on are listed, with what is said about them', async (s) => {
      s.after(() => turnClock(0))
      const [key, removed] = [await made({ about: Buffer.from('hers') }), await made()]
      const idle = await made({ idleAt: Date.now() + hour })
      await store.remove(removed, 'signed_out')
      const found = await store.list()
      const listed = found.find((one) => one.key === key)
      assert.equal(String(listed?.about), 'hers')
      assert.equal(listed?.expiresAt, (await store.get(key))?.expiresAt)
      await store.touch(key, Date.now() + 3 * hour)
      turnClock(hour + 60_000)
      const later = await store.list()
      assert.ok((later.find((one) => one.key === key)?.idleAt ?? 0) > Date.now() + 2 * hour)
      const names = [found, later].map((list) => list.map((one) => one.key))
      assert.deepEqual(
        [names[0]?.includes(removed), names[0]?.includes(idle), names[1]?.includes(idle)],
        [false, true, false],
      )
      assert.equal(new Set(names[0]).size, names[0]?.length)
    })

    await t.test('one at a time has the turn, and a later turn has a higher fence', async () => {
      const key = await made()
      const turn = await store.takeTurn(key, hour / 10)
      assert.notEqual(turn, null)
      assert.equal(await store.takeTurn(key, hour / 10), null)
      assert.equal(await store.keepTurn(key, turn ?? { fence: 0 }, hour / 10), true)
      await store.endTurn(key, turn ?? { fence: 0 })
      const next = await store.takeTurn(key, hour / 10)
      assert.ok((next?.fence ?? 0) > (turn?.fence ?? 0))
      assert.equal(await store.keepTurn(key, turn ?? { fence: 0 }, hour / 10), false)
      await store.endTurn(key, turn ?? { fence: 0 })
      assert.equal(await store.takeTurn(key, hour / 10), null, 'whoever had it before cannot end it')
    })

    await t.test(
      'a turn ends by itself, and whoever had it can no longer write after its successor',
      async () => {
        const key = await made()
        const turn = await store.takeTurn(key, 1)
        const next = await eventually(
          'the turn ends',
          async () => (await store.takeTurn(key, hour / 10)) ?? false,
        )
        assert.equal(await store.replace(key, next.fence, Buffer.from('new')), true)
        assert.equal(await store.replace(key, turn?.fence ?? 0, Buffer.from('late')), false)
        assert.equal(String((await store.get(key))?.sealed), 'new')
      },
    )

    await t.test('of many that want the turn at once one gets it', async () => {
      const key = await made()
      const turns = await Promise.all(Array.from({ length: 50 }, () => store.takeTurn(key, hour / 10)))
      assert.equal(turns.filter((turn) => turn !== null).length, 1)
    })

    await t.test('a name is new once', async () => {
      const name = randomUUID()
      const asked = await Promise.all([
        store.once(name, hour),
        store.once(name, hour),
        store.once(name, hour),
      ])
      assert.equal(asked.filter((isNew) => isNew).length, 1)
      assert.equal(await store.once(randomUUID(), hour), true)
    })

    await t.test('who wants to know is told which session was removed', async () => {
      const removed: (readonly [string | null, string])[] = []
      store.onRemoved((...told) => removed.push(told))
      const key = await made()
      await store.remove(key, 'ended_by_operator')
      assert.deepEqual(
        removed.filter(([told]) => told === key),
        [[key, 'ended_by_operator']],
      )
    })

    await t.test(
      'attack 98: a clock that jumps neither ends sessions early nor keeps them past their end',
      async (s) => {
        s.after(() => turnClock(0))
        const key = await made()
        const turn = await store.takeTurn(key, hour / 10)
        turnClock(hour)
        assert.notEqual(await store.get(key), null)
        turnClock(-hour)
        assert.notEqual(await store.get(key), null)
        assert.equal(await store.replace(key, turn?.fence ?? 0, Buffer.from('still')), true)
        turnClock(13 * hour)
        assert.equal(await store.get(key), null)
      },
    )

    const { other } = under
    if (other === null) return
    await t.test('another gateway sees, changes and ends the same sessions', async () => {
      const key = await made()
      const turn = await other.takeTurn(key, hour / 10)
      assert.equal(await store.takeTurn(key, hour / 10), null)
      assert.equal(await other.replace(key, turn?.fence ?? 0, Buffer.from('theirs')), true)
      assert.equal(String((await store.get(key))?.sealed), 'theirs')
      assert.equal(await other.remove(key, 'signed_out'), true)
      assert.equal(await store.get(key), null)
    })
  })
}
