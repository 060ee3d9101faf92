import assert from 'node:assert/strict'
import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { startProgram } from '../support/program.ts'
import { python, repository } from '../support/python.ts'

const fixtures = join(repository, 'test', 'fixtures', 'host')

test('a socket opened by the service manager is served, and is not passed on to what the gateway starts', async (t) => {
  const gateway = startProgram(t, [
    python(),
    join(fixtures, 'activate.py'),
    'http',
    process.execPath,
    join(fixtures, 'activated.ts'),
  ])
  const told: unknown = JSON.parse(await gateway.line())
  assert.ok(typeof told === 'object' && told !== null && 'address' in told && 'inherited' in told)
  const { address, inherited } = told
  assert.ok(typeof address === 'object' && address !== null && 'port' in address)
  const answer = await fetch(`http://127.0.0.1:${String(address.port)}/`)
  assert.equal(await answer.text(), 'passed')
  assert.match(String(inherited), /pipe|socket/)
  // Standard output and error of the child are pipes (socket pairs in Node); one more would be the listener.
  const sockets: readonly string[] = String(inherited).match(/socket:\[\d+\]/g) ?? []
  assert.equal(sockets.includes(await listenerOf(gateway.pid)), false)
})

// What descriptor 3 of a process is.
async function listenerOf(pid: number): Promise<string> {
  const link = await readlink(`/proc/${pid}/fd/3`)
  assert.match(link, /^socket:/)
  return link
}
