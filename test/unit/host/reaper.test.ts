import assert from 'node:assert/strict'
import { test } from 'node:test'

import { noLibc } from '../../../internal/host/libc.ts'
import { Reaper } from '../../../internal/host/reaper.ts'

test('without the C library nothing is reaped and nothing is listened to', () => {
  const before = process.listenerCount('SIGCHLD')
  const reaper = new Reaper({ libc: noLibc, isOurs: () => false })
  assert.equal(reaper.isActive, false)
  assert.deepEqual(reaper.sweep(), [])
  assert.equal(process.listenerCount('SIGCHLD'), before)
  reaper.close()
})

test('46: PID 1 gets orphans anyway, another process asks for them', (t) => {
  let asked = 0
  const libc = { ...noLibc, isAvailable: true, becomeSubreaper: () => (asked += 1) > 0 }
  for (const pid of [1, 2]) {
    const reaper = new Reaper({ libc, isOurs: () => false, pid })
    t.after(() => reaper.close())
    assert.equal(reaper.isActive, true)
  }
  assert.equal(asked, 1)
})

test('a closed reaper has left nothing behind', () => {
  const before = process.listenerCount('SIGCHLD')
  const reaper = new Reaper({ libc: { ...noLibc, isAvailable: true }, isOurs: () => false, pid: 1 })
  assert.equal(process.listenerCount('SIGCHLD'), before + 1)
  reaper.close()
  reaper.close()
  assert.equal(process.listenerCount('SIGCHLD'), before)
  assert.deepEqual(reaper.sweep(), [])
})
