import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { app } from '../support/apps.ts'
import { binary } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { processesWith } from '../support/processes.ts'
import type { FoundProcess } from '../support/processes.ts'
import { startProgram } from '../support/program.ts'
import type { Program } from '../support/program.ts'
import { python, virtualEnvironment } from '../support/python.ts'

// Somebody at a terminal, who types what is asked for, or goes away; shows what stands there.
const person = `import os, pty, select, sys
child, master = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
watched = [0, master]
while True:
    ready = select.select(watched, [], [])[0]
    if 0 in ready:
        words = os.read(0, 100)
        if words == b"interrupt\\n":
            os.write(master, b"\\x03")
        if words == b"leave\\n":
            os.close(master)
            break
        if words == b"":
            watched.remove(0)
    if master in ready:
        try:
            os.write(1, os.read(master, 65536))
        except OSError:
            break
_, status = os.waitpid(child, 0)
print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)
`

// A worker that leaves a file for every signal it gets.
const signalled = `import pathlib, signal, sys, time
def note(number, frame):
    pathlib.Path(signal.Signals(number).name).touch()
    if number == signal.SIGTERM:
        sys.exit(0)
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, note)
pathlib.Path("listens").touch()
while True:
    time.sleep(100)
`

const toml = `[workers.api]
app = "api:app"
[workers.queue]
kind = "process"
command = [${JSON.stringify(python())}, "signalled.py"]
`

interface Session {
  readonly person: Program
  readonly directory: string
  /** Processes of the gateway that still run. */
  readonly left: () => readonly FoundProcess[]
  /** Resolves when these words stand on the terminal, with the line. */
  readonly sees: (words: RegExp) => Promise<string>
}

/** Starts a verb in a terminal; resolves when it is ready. */
async function session(t: TestContext, verb: 'serve' | 'dev', more = ''): Promise<Session> {
  const files = { 'fluxlit.toml': toml + more, 'api.py': app('api.py'), 'signalled.py': signalled }
  const cwd = await freshDirectory(t, { files })
  const id = randomUUID()
  const env = {
    PATH: process.env['PATH'],
    HOME: cwd,
    NO_COLOR: '1',
    VIRTUAL_ENV: virtualEnvironment(),
    TERMINAL_TEST: id,
  }
  const words = [binary(), verb, '-c', 'fluxlit.toml', '--port', '0'] as const
  const program = startProgram(t, [python(), '-c', person, ...words], { cwd, env })
  const sees = async (wanted: RegExp): Promise<string> => {
    for (;;) {
      const line = await program.line()
      if (wanted.test(line)) return line
    }
  }
  const left = (): readonly FoundProcess[] =>
    processesWith('TERMINAL_TEST', id).filter(({ pid }) => pid !== program.pid)
  t.after(() => {
    for (const { pid } of left()) process.kill(pid, 'SIGKILL')
  })
  await sees(/info.*ready/)
  await eventually('it listens', () => existsSync(join(cwd, 'listens')))
  return { person: program, directory: cwd, left, sees }
}

test('34: Ctrl-C in a terminal reaches workers only through the gateway, which stops them in order', async (t) => {
  const { person: somebody, directory, left, sees } = await session(t, 'serve')
  somebody.stdin.end('interrupt\n')
  assert.match(await sees(/stopping/), /by=SIGINT/)
  assert.match(await sees(/^ended/), /^ended 0$/)
  assert.deepEqual(left(), [])
  const got = ['SIGINT', 'SIGHUP', 'SIGTERM'].filter((name) => existsSync(join(directory, name)))
  assert.deepEqual(got, ['SIGTERM'])
})

test('41: a terminal that is closed ends `dev`, and nothing of it stays', async (t) => {
  const { person: somebody, directory, left, sees } = await session(t, 'dev')
  somebody.stdin.write('leave\n')
  assert.match(await sees(/^ended/), /^ended 0$/)
  await eventually('nothing is left', () => left().length === 0)
  assert.ok(existsSync(join(directory, 'SIGTERM')))
  assert.equal(existsSync(join(directory, 'SIGHUP')), false)
})

test('41: a terminal that is closed under `serve` neither ends it nor its workers, SIGTERM does', async (t) => {
  const log = '[log]\nfile = "log"\nformat = "json"\n'
  const { person: somebody, directory, left, sees } = await session(t, 'serve', log)
  const running = left()
  assert.ok(running.length >= 3)
  const written = (): readonly string[] => readFileSync(join(directory, 'log'), 'utf8').trimEnd().split('\n')
  const before = written().length
  somebody.stdin.write('leave\n')
  // As a service it understands the hang-up as the wish to read its configuration again.
  await eventually('it has done so', () => written().length > before)
  assert.deepEqual(pids(left()), pids(running))
  const own = running.find(({ command }) => command.startsWith(binary()))
  assert.ok(own !== undefined)
  process.kill(own.pid, 'SIGTERM')
  assert.match(await sees(/^ended/), /^ended 0$/)
  assert.deepEqual(left(), [])
})

function pids(found: readonly FoundProcess[]): readonly number[] {
  return found.map(({ pid }) => pid)
}
