import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

import { encodeUnixAddress, noLibc, openLibc } from '../../../internal/host/libc.ts'

test('other systems than Linux get a null object that does nothing and says so', () => {
  const libc = openLibc('darwin')
  assert.equal(libc, noLibc)
  assert.equal(libc.isAvailable, false)
  assert.equal(libc.becomeSubreaper(), false)
  assert.equal(libc.reap(1), false)
  assert.equal(libc.sendDatagram('/run/x', 'READY=1'), false)
})

test('a running child, any child and nobody are not reaped', async (t) => {
  const libc = openLibc()
  const child = spawn('/bin/sh', ['-c', 'read line; exit 7'], { stdio: ['pipe', 'ignore', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  for (const pid of [child.pid ?? 0, 0, -1, process.pid, 1]) assert.equal(libc.reap(pid), false)
  child.stdin?.end('\n')
  assert.deepEqual(await exited, [7, null])
})

test('a path is a name of the family with its bytes, an abstract name starts with a zero', () => {
  assert.equal(encodeUnixAddress('/run/n')?.length, 8)
  assert.equal(bytes('/run/n'), '/run/n')
  assert.equal(bytes('@n/1'), '\0n/1')
})

test('addresses that are too long, empty or of another family are refused', () => {
  for (const address of [
    '',
    '@',
    '/',
    'relative',
    'vsock:2:1',
    `/${'x'.repeat(108)}`,
    `@${'x'.repeat(108)}`,
  ]) {
    assert.equal(encodeUnixAddress(address), null, address)
  }
  assert.notEqual(encodeUnixAddress(`/${'x'.repeat(107)}`), null)
})

function bytes(address: string): string | undefined {
  return encodeUnixAddress(address)?.subarray(2).toString('latin1')
}
