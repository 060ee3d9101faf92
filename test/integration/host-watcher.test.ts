import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { isRunning, processStat } from '../../internal/host/process-table.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { residentBytes } from '../support/processes.ts'
import type { Program } from '../support/program.ts'
import { startProgram } from '../support/program.ts'
import { python, repository } from '../support/python.ts'

type Command = readonly [string, ...string[]]

// Every worker says its own id, or that of what it started, once it is as hard to end as it is going to be.
const nodeWorker: Command = [process.execPath, '-e', 'console.log(process.pid); setInterval(() => {}, 1e6)']
const lockHolder: Command = [
  python(),
  '-c',
  'import ctypes, os, signal; signal.signal(signal.SIGTERM, lambda *_: None); ' +
    'print(os.getpid(), flush=True); ctypes.PyDLL(None).sleep(100000)',
]
const grandparent: Command = ['/bin/sh', '-c', `trap '' TERM; sleep 100000 & echo $!; wait`]
const sleeper: Command = ['/bin/sh', '-c', 'echo $$; exec sleep 100000']

/** SIGQUIT in such a set: the last one the watcher asks to be spared from. */
const quit = 1n << 2n

/** What the parent of the workers says about itself. */
interface Told {
  readonly watcher: number | null
  readonly workers: readonly number[]
}

/** A parent that watches workers, all of them running. */
interface Watched {
  readonly parent: Program
  readonly watcher: number
  readonly workers: readonly number[]
  /** Ids the workers said. */
  readonly said: readonly number[]
  /** Sends a line to the parent and resolves with its answer. */
  readonly tell: (line: string) => Promise<Told>
}

test('when the gateway is killed, a Node program, a Python that holds its lock, a stopped one and a grandchild end', async (t) => {
  const { parent, workers, said, watcher } = await watched(t, [nodeWorker, lockHolder, grandparent, sleeper])
  const stopped = workers[3] ?? 0
  process.kill(stopped, 'SIGSTOP')
  await eventually('the last one is stopped', () => processStat(stopped)?.state === 'T')
  parent.process.kill('SIGKILL')
  await goneSoon([...workers, ...said, watcher])
})

test('the same without a shell on the system', async (t) => {
  const { parent, workers, said, watcher } = await watched(
    t,
    [nodeWorker, lockHolder, grandparent, sleeper],
    true,
  )
  const stopped = workers[3] ?? 0
  process.kill(stopped, 'SIGSTOP')
  parent.process.kill('SIGKILL')
  await goneSoon([...workers, ...said, watcher])
})

for (const withoutShell of [false, true]) {
  const how = withoutShell ? 'without a shell' : 'with a shell'

  test(`the watcher outlives what a terminal sends, and is in a session of its own, ${how}`, async (t) => {
    const { parent, workers, watcher } = await watched(t, [sleeper], withoutShell)
    assert.equal(processStat(watcher)?.group, watcher)
    await ready(watcher, withoutShell)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.kill(watcher, signal)
    parent.process.kill('SIGKILL')
    await goneSoon([...workers, watcher])
  })

  test(`a group that was forgotten stays, ${how}`, async (t) => {
    const { parent, workers, watcher, tell } = await watched(t, [sleeper, sleeper], withoutShell)
    const [kept = 0, ended = 0] = workers
    await tell(`forget ${kept}`)
    parent.process.kill('SIGKILL')
    await goneSoon([ended, watcher])
    assert.equal(isRunning(kept), true)
  })

  test(`closing ends the watcher and nothing else, ${how}`, async (t) => {
    const { workers, watcher, tell } = await watched(t, [sleeper], withoutShell)
    await tell('close')
    await goneSoon([watcher])
    assert.deepEqual(workers.map(isRunning), [true])
  })
}

test('a watcher that was killed is replaced by one that knows the same groups', async (t) => {
  const { parent, workers, watcher, tell } = await watched(t, [sleeper])
  process.kill(watcher, 'SIGKILL')
  const next = await eventually('there is a new watcher', async () => {
    const told = await tell('which')
    return told.watcher !== null && told.watcher !== watcher ? told.watcher : undefined
  })
  parent.process.kill('SIGKILL')
  await goneSoon([...workers, next])
})

test('the watcher needs hardly any memory', async (t) => {
  const { watcher } = await watched(t, [sleeper])
  await ready(watcher, false)
  assert.ok(residentBytes(watcher) < 8 * 1024 * 1024)
})

async function watched(t: Cleanup, commands: readonly Command[], withoutShell = false): Promise<Watched> {
  const fixture = join(repository, 'test', 'fixtures', 'host', 'watched.ts')
  const parent = startProgram(t, [process.execPath, fixture, JSON.stringify(commands)], {
    env: { ...process.env, FIXTURE_SELF: withoutShell ? '1' : '0' },
  })
  const lines = await Promise.all([...commands, parent].map(() => parent.line()))
  // All of them write to one pipe, and some end their line with a second write.
  const text = lines.join('\n')
  const report = /\{.*\}/.exec(text)?.[0]
  const said = (text.replace(report ?? '', '\n').match(/\d+/g) ?? []).map(Number)
  const told = read(report)
  const { watcher, workers } = told
  if (watcher === null) throw new Error('there is no watcher')
  t.after(() => {
    for (const pid of [...workers, watcher]) kill(-pid)
  })
  const tell = async (line: string): Promise<Told> => {
    parent.stdin.write(`${line}\n`)
    return read(await parent.line())
  }
  return { parent, watcher, workers, said, tell }
}

// A signal that comes before the watcher has asked to be spared ends it; the gateway would replace it.
async function ready(watcher: number, withoutShell: boolean): Promise<void> {
  const mask = withoutShell ? 'SigCgt' : 'SigIgn'
  await eventually('the watcher is ready', () => (signalMask(watcher, mask) & quit) !== 0n)
}

// A set of signals as /proc shows it.
function signalMask(pid: number, name: string): bigint {
  const line = new RegExp(`^${name}:\\s+(\\w+)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return BigInt(`0x${line?.[1] ?? '0'}`)
}

function read(line: string | undefined): Told {
  const told: unknown = JSON.parse(line ?? 'null')
  if (typeof told !== 'object' || told === null || !('watcher' in told) || !('workers' in told)) {
    throw new Error(`unexpected: ${line}`)
  }
  const { watcher, workers } = told
  if (!Array.isArray(workers)) throw new Error(`unexpected: ${line}`)
  return { watcher: typeof watcher === 'number' ? watcher : null, workers: workers.map(Number) }
}

async function goneSoon(pids: readonly number[]): Promise<void> {
  assert.ok(pids.length > 0)
  await eventually(`${pids.join(', ')} are gone`, () => !pids.some(isRunning), 20_000)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
