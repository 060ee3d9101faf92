import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import { changeSummary, planChange, unchangeable } from '../../../internal/app/change.ts'
import type { Change } from '../../../internal/app/change.ts'
import { assembleFleet } from '../../../internal/app/fleet.ts'
import type { Member } from '../../../internal/app/fleet.ts'
import type { Config, WorkerConfig } from '../../../internal/config/config.ts'
import { process } from '../../fixtures/worker/configs.ts'
import { testRoom } from '../../fixtures/worker/room.ts'
import { configuration } from '../../support/front.ts'

const sleep = ['sleep', '1'] as const

function queue(name: string, run: Parameters<typeof process>[2] = {}): WorkerConfig {
  return { ...process('/app', sleep, run), name }
}

async function change(
  t: TestContext,
  before: readonly WorkerConfig[],
  after: readonly WorkerConfig[],
  overrides: Partial<Config> = {},
): Promise<Change> {
  const { room } = await testRoom(t)
  const from = assembleFleet(configuration({ workers: before }), room)
  return planChange(from, configuration({ ...overrides, workers: after }), room)
}

function names(members: readonly Member[]): readonly string[] {
  return members.map(({ config }) => config.name)
}

describe('between two configurations', () => {
  it('a worker that is the same at another line goes on', async (t) => {
    const found = await change(t, [queue('one')], [{ ...queue('one'), where: 'fluxlit.toml:9' }])
    assert.deepEqual([names(found.kept), names(found.beside), names(found.gone)], [['one'], [], []])
    assert.equal(found.next.members[0]?.worker, found.from.members[0]?.worker)
    assert.equal(found.next.members[0]?.config.where, 'fluxlit.toml:9')
    assert.equal(changeSummary(found), 'configuration reloaded, no worker changed')
  })

  it('a changed worker is made anew, with the history it has', async (t) => {
    const found = await change(t, [queue('one')], [queue('one', { env: { A: 'b' } }), queue('two')])
    assert.deepEqual(
      [names(found.kept), names(found.beside), names(found.gone)],
      [[], ['one', 'two'], ['one']],
    )
    const [old] = found.from.members
    const [one, two] = found.next.members
    assert.notEqual(one?.worker, old?.worker)
    assert.equal(one?.history, old?.history)
    assert.notEqual(two?.history, old?.history)
    assert.equal(changeSummary(found), 'configuration reloaded: started one, two; ended one')
  })

  it('what all workers are started with changes all of them', async (t) => {
    const found = await change(t, [queue('one')], [queue('one')], { rootPath: '/tools' })
    assert.deepEqual(names(found.beside), ['one'])
  })

  for (const [moment, before, after] of [
    ['now', 'stop-first', 'overlap'],
    ['next', 'overlap', 'stop-first'],
  ] as const) {
    it(`a worker that cannot run twice ${moment} takes turns`, async (t) => {
      const found = await change(t, [queue('one', { replace: before })], [queue('one', { replace: after })])
      assert.deepEqual([names(found.inTurn), names(found.beside)], [['one'], []])
    })
  }

  it('a worker that cannot run twice and is new has nobody to wait for', async (t) => {
    const found = await change(t, [], [queue('one', { replace: 'stop-first' })])
    assert.deepEqual([names(found.inTurn), names(found.beside)], [[], ['one']])
  })

  it('what only a new start can change is named', () => {
    const [from, to] = [configuration(), configuration({ listen: { host: '127.0.0.1', port: 1 } })]
    assert.deepEqual(
      unchangeable(from, to).map(({ code, message }) => [code, message]),
      [['reload_needs_restart', '`gateway_port` cannot change while the gateway runs']],
    )
    assert.deepEqual(unchangeable(from, from), [])
  })
})
