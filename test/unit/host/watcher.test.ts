import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import { isRunning, processStat } from '../../../internal/host/process-table.ts'
import { watchGroups } from '../../../internal/host/watch-groups.ts'
import { watcherScript } from '../../../internal/host/watcher-script.ts'
import { Watcher } from '../../../internal/host/watcher.ts'
import { startProgram } from '../../support/program.ts'

test('no process is started before there is something to watch, nor after closing', () => {
  const watcher = new Watcher()
  watcher.forget(4711)
  assert.equal(watcher.pid, null)
  watcher.close()
  watcher.watch(process.pid)
  assert.equal(watcher.pid, null)
})

test('a watcher that cannot run is said once, and is not tried for ever', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const watcher = new Watcher({ shell: null, self: ['/nonexistent/fluxlit'], onLost: resolve })
  watcher.watch(2 ** 22 + 1)
  assert.match(await promise, /ENOENT/)
  assert.equal(watcher.pid, null)
})

// Both programs follow the same lines.
const programs = {
  'the script': (lines: string, t: Parameters<typeof startProgram>[0]) => {
    const shell = startProgram(t, ['/bin/sh', '-c', watcherScript, 'watcher'])
    shell.stdin.end(lines)
    return shell.exited
  },
  'the function': (lines: string) => watchGroups(Readable.from(lines.split(/(?<=\d)/))),
} as const

for (const [name, run] of Object.entries(programs)) {
  test(`${name} ends the group it was told about`, async (t) => {
    const child = startProgram(t, ['/bin/sh', '-c', 'echo ready; read line'], { detached: true })
    await child.line()
    const exited = once(child.process, 'exit')
    await run(`+ ${child.pid} ${processStat(child.pid)?.start ?? '-'}\n`, t)
    assert.deepEqual(await exited, [null, 'SIGTERM'])
  })

  test(`${name} spares a process that only has the number of the one it knew`, async (t) => {
    const child = startProgram(t, ['/bin/sh', '-c', 'echo ready; read line'], { detached: true })
    await child.line()
    await run(`+ ${child.pid} 1\n`, t)
    assert.equal(isRunning(child.pid), true)
  })

  test(`${name} does nothing with half a line, and nothing when told to leave`, async (t) => {
    const child = startProgram(t, ['/bin/sh', '-c', 'echo ready; read line'], { detached: true })
    await child.line()
    const start = processStat(child.pid)?.start ?? '-'
    await run(`+ ${child.pid} ${start}`, t)
    await run(`+ 1 -\n+ -1 -\n+ 0 -\n+ x -\n`, t)
    await run(`+ ${child.pid} ${start}\n.\n`, t)
    await run(`+ ${child.pid} ${start}\n- ${child.pid}\n`, t)
    assert.equal(isRunning(child.pid), true)
  })
}
