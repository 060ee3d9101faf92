import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { Address } from '../../../internal/config/config.ts'
import { reacts } from '../../../internal/worker/reaction.ts'

async function listening(t: TestContext, server: Server): Promise<Address> {
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { kind: 'tcp', host: '127.0.0.1', port: address.port }
}

describe('a server', () => {
  it('that never answers a request reacts to nonsense', async (t) => {
    const server = createHttpServer(() => assert.fail('the application was asked'))
    assert.equal(await reacts(await listening(t, server), 60_000), true)
  })

  it('that does not even read does not react', async (t) => {
    const server = createServer((socket) => t.after(() => socket.destroy()))
    assert.equal(await reacts(await listening(t, server), 50), false)
  })

  it('that is gone is not blocked', async () => {
    assert.equal(await reacts({ kind: 'unix', path: '/nowhere/x.sock' }, 60_000), true)
  })
})
