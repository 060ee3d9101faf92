import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { it } from 'node:test'

import { measure } from '../../../internal/worker/usage.ts'
import { python } from '../../support/python.ts'

const parent = `
import subprocess, sys, time
while time.process_time() < 0.1: pass
child = subprocess.Popen([sys.executable, "-c", "x = bytearray(64 << 20); print(1, flush=True); input()"], stdin=subprocess.PIPE)
child.wait()
`

it('a process is measured with its children, and not after its end', async (t) => {
  const child = spawn(python(), ['-c', parent], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  t.after(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // It has ended in the test.
    }
  })
  await once(child.stdout, 'data')
  const usage = await measure(child.pid ?? 0)
  assert.ok(usage !== null)
  assert.ok(usage.memoryBytes > 64 * 2 ** 20, `${usage.memoryBytes} bytes`)
  assert.ok(usage.cpuSeconds >= 0.1, `${usage.cpuSeconds} s`)
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await once(child, 'exit')
  assert.equal(await measure(child.pid ?? 0), null)
})
