import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { chooseFreePort } from '../../../../internal/app/dev/free-port.ts'

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => void server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return (address satisfies AddressInfo).port
}

test('a taken port gives way to the next free one, and who has it is said', async (t) => {
  const port = await takenPort(t)
  const { listen, notice } = await chooseFreePort({ host: '127.0.0.1', port })
  assert.ok(listen.port > port)
  assert.match(
    notice ?? '',
    new RegExp(`^port ${port} is taken by pid ${process.pid} \\(.+\\): using ${listen.port}$`),
  )
})

test('a free port, or any port, is taken as it is', async (t) => {
  const port = await takenPort(t)
  for (const listen of [
    { host: '127.0.0.1', port: 0 },
    { host: '127.0.0.3', port },
  ])
    assert.deepEqual(await chooseFreePort(listen), { listen, notice: null })
})

test('an address that cannot be listened on is left for the listener to report', async () => {
  const listen = { host: '192.0.2.1', port: 8000 }
  assert.deepEqual(await chooseFreePort(listen), { listen, notice: null })
})
