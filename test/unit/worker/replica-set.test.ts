import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { ReplicaSet } from '../../../internal/worker/replica-set.ts'
import { FakeWorker } from '../../fixtures/worker/fake-worker.ts'

interface Subject {
  readonly set: ReplicaSet
  readonly one: FakeWorker
  readonly two: FakeWorker
  /** State and number of addresses after every change. */
  readonly told: string[]
}

function pair(): Subject {
  const [one, two] = [new FakeWorker('api.1'), new FakeWorker('api.2')]
  const set = new ReplicaSet({ name: 'api', required: true }, [one, two])
  const told: string[] = []
  set.onChange((state) => told.push(`${state.kind} ${set.addresses.length}`))
  return { set, one, two, told }
}

function bothReady(): Subject {
  const subject = pair()
  subject.set.start()
  subject.one.become('ready')
  subject.two.become('ready')
  return subject
}

describe('a worker with several replicas', () => {
  it('starts the others when the first is ready', () => {
    const { set, one, two, told } = pair()
    set.start()
    assert.deepEqual([one.calls, two.calls], [['start'], []])
    one.become('ready')
    assert.deepEqual(two.calls, ['start'])
    two.become('ready')
    assert.deepEqual(told, ['starting 0', 'ready 1', 'ready 1', 'ready 2'])
    assert.deepEqual(set.addresses, [one.address, two.address])
  })

  it('has failed with the first, and has not started the others', () => {
    const { set, one, two } = pair()
    set.start()
    one.become('failed')
    assert.equal(set.state.kind, 'failed')
    assert.deepEqual(two.calls, [])
  })

  it('is ready while one of them is, and only that one gets requests', () => {
    const { set, one, two } = bothReady()
    const seen = (): unknown => [set.state.kind, set.addresses]
    one.become('backing-off')
    assert.deepEqual(seen(), ['ready', [two.address]])
    two.become('unhealthy')
    assert.deepEqual(seen(), ['unhealthy', [two.address]])
    two.become('backing-off')
    assert.deepEqual(seen(), ['backing-off', []])
  })

  it('tells every change of the list, also when it stays ready', () => {
    const { two, told } = bothReady()
    told.length = 0
    two.become('backing-off')
    two.become('starting')
    two.become('ready')
    assert.deepEqual(told, ['ready 1', 'ready 1', 'ready 2'])
  })

  it('is replaced one after the other', async () => {
    const { set, one, two } = bothReady()
    assert.deepEqual(await set.replace({ reason: 'restart' }), { ok: true, generation: 2 })
    assert.deepEqual([one.calls.at(-1), two.calls.at(-1)], ['replace', 'replace'])
  })

  it('keeps all others as they are when the first cannot be replaced', async () => {
    const { set, one, two } = bothReady()
    one.outcome = { ok: false, problem: { code: 'app_import_failed', message: 'no module x' } }
    assert.deepEqual(await set.replace({ reason: 'restart' }), one.outcome)
    assert.equal(two.calls.includes('replace'), false)
  })

  it('says how far it came when a later one cannot be replaced', async () => {
    const { set, two } = bothReady()
    two.outcome = { ok: false, problem: { code: 'worker_died', message: 'it ended' } }
    const outcome = await set.replace({ reason: 'restart' })
    assert.ok(!outcome.ok)
    assert.equal(outcome.problem.message, '1 of 2 replicas of api were replaced; it ended')
  })

  it('adds up what its processes did and use', () => {
    const { set, one, two } = bothReady()
    const death = { uptime_s: 1, generation: 1, cause: 'it ended', code: 'worker_died' }
    one.deaths = [{ ...death, time: '2026-01-01T00:00:02.000Z' }]
    two.deaths = [{ ...death, time: '2026-01-01T00:00:01.000Z' }]
    one.restarts = { crash: 1 }
    two.restarts = { crash: 2, hang: 1 }
    one.usage = { memoryBytes: 10, cpuSeconds: 1 }
    assert.deepEqual(
      set.deaths.map(({ time }) => time.slice(17, 19)),
      ['01', '02'],
    )
    assert.deepEqual(set.restarts, { crash: 3, hang: 1 })
    assert.deepEqual(set.usage, { memoryBytes: 10, cpuSeconds: 1 })
  })

  it('is closed as a whole, and starts nothing any more', async () => {
    const { set, one, two } = bothReady()
    await set.close()
    assert.deepEqual([one.calls.at(-1), two.calls.at(-1)], ['close', 'close'])
    assert.equal(set.state.kind, 'stopped')
  })
})
