import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'

import type { Address } from '../../../internal/config/config.ts'
import { systemClock } from '../../../internal/worker/clock.ts'
import type { ElsewhereWorker } from '../../../internal/worker/external.ts'
import { ExternalWorker } from '../../../internal/worker/external.ts'
import { StaticFiles } from '../../../internal/worker/static.ts'
import { files, http, ready } from '../../fixtures/worker/configs.ts'
import { FakeClock, RecordingLogger } from '../../fixtures/worker/fakes.ts'
import { reached } from '../../fixtures/worker/room.ts'

function elsewhere(address: Address): ElsewhereWorker {
  const config = http('/app', ['unused'])
  const often = { ...ready, path: '/up', probeIntervalMs: 10, probeFailures: 2 }
  return { ...config, ready: often, run: { kind: 'url', address, basePath: '/base' } }
}

describe('a worker run elsewhere', () => {
  it('is ready while it answers and unhealthy while it does not', async (t) => {
    let status = 503
    const paths = new Set<string | undefined>()
    const server = createServer((request, response) => {
      paths.add(request.url)
      response.writeHead(status).end()
    })
    t.after(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = server.address()
    const address = {
      kind: 'tcp',
      host: '127.0.0.1',
      port: typeof at === 'object' ? (at?.port ?? 0) : 0,
    } as const
    const logger = new RecordingLogger()
    const worker = new ExternalWorker(elsewhere(address), { clock: systemClock(), logger, rootPath: '' })
    t.after(() => worker.close())
    worker.start()
    assert.equal(worker.state.kind, 'starting')
    status = 200
    const state = await reached(worker, 'ready')
    assert.deepEqual([state.pid, state.address], [null, address])
    status = 503
    assert.equal((await reached(worker, 'unhealthy')).reason, 'status 503')
    status = 200
    await reached(worker, 'ready')
    assert.deepEqual([...paths], ['/base/up'])
  })

  it('has failed when it has not answered by its ready timeout, is asked on, and comes back', async (t) => {
    const clock = new FakeClock()
    const server = createServer((_, response) => void response.end())
    t.after(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = server.address()
    const port = typeof at === 'object' ? (at?.port ?? 0) : 0
    const address = { kind: 'tcp', host: '127.0.0.1', port } as const
    const config = elsewhere(address)
    const late = { ...config, ready: { ...config.ready, timeoutMs: 60_000 } }
    const worker = new ExternalWorker(late, { clock, logger: new RecordingLogger(), rootPath: '' })
    t.after(() => worker.close())
    worker.start()
    // The question that is due at the same moment comes after.
    clock.advance(59_999)
    assert.equal(worker.everReady, false)
    clock.advance(1)
    const failed = await reached(worker, 'failed')
    assert.deepEqual([failed.reason.code, failed.retrying], ['ready_timeout', true])
    await reached(worker, 'ready')
    assert.deepEqual(worker.addresses, [address])
  })

  it('that was ready in time does not fail later', async (t) => {
    const clock = new FakeClock()
    const server = createServer((_, response) => void response.end())
    t.after(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = server.address()
    const port = typeof at === 'object' ? (at?.port ?? 0) : 0
    const config = elsewhere({ kind: 'tcp', host: '127.0.0.1', port })
    const never = { ...config, ready: { ...config.ready, timeoutMs: 60_000, probeIntervalMs: 0 } }
    const worker = new ExternalWorker(never, { clock, logger: new RecordingLogger(), rootPath: '' })
    t.after(() => worker.close())
    worker.start()
    clock.advance(0)
    await reached(worker, 'ready')
    assert.deepEqual(clock.pending, [])
  })

  it('is asked no more when it is closed', async (t) => {
    const clock = new FakeClock()
    const address = { kind: 'unix', path: '/nowhere' } as const
    const logger = new RecordingLogger()
    const worker = new ExternalWorker(elsewhere(address), { clock, logger, rootPath: '' })
    t.after(() => worker.close())
    worker.start()
    await worker.close()
    assert.equal(worker.state.kind, 'stopped')
    assert.deepEqual(clock.pending, [])
  })
})

describe('static files', () => {
  it('are ready from the start to the end', async () => {
    const worker = new StaticFiles(files('/srv'), new FakeClock())
    const seen: string[] = []
    worker.onChange((state) => seen.push(state.kind))
    worker.start()
    assert.equal(worker.everReady, true)
    await worker.close()
    await worker.close()
    assert.deepEqual(seen, ['starting', 'ready', 'stopped'])
  })
})
