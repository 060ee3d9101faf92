/** Whether apps can be imported: tried in a child that serves nothing, with a limit. */

import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

import { parseBootReport } from '../../worker/boot-report.ts'
import { isChild } from '../../worker/command.ts'
import { Planner, type GenerationPlan } from '../../worker/plan.ts'
import { isProblem } from '../../worker/problem.ts'
import { found, passed, type Check, type Finding } from './finding.ts'

/** Milliseconds an import may take. */
const importMs = 60_000

/** Descriptor on which the bootstrap reports. */
const report = 4

/** Lines of output that are shown when the child said nothing else. */
const shownLines = 20

/** Imports the app of every Python worker, and compiles its script. The user's code runs as at a start. */
export const checkImports: Check = async ({ config, looking: { room } }) => {
  const workers = config.workers
    .filter(isChild)
    .filter(({ kind }) => kind === 'uvicorn' || kind === 'streamlit')
  const findings: Finding[] = []
  for (const worker of workers) {
    const plan = await new Planner(worker, room).plan(1)
    // What keeps it from being planned is found by another check.
    if (!isProblem(plan)) findings.push(await tryImport(plan))
  }
  return findings
}

async function tryImport(plan: GenerationPlan): Promise<Finding> {
  const { worker, cwd, env, account } = plan
  const [python, bootstrap = '', ...rest] = plan.argv
  const child = spawn(python, [bootstrap, 'trial', ...rest], {
    cwd,
    env: { ...env },
    // A group of its own, so that what the app starts ends with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'pipe'],
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
  })
  const said = collect(child.stdout, child.stderr)
  const told = collect(child.stdio[report])
  const { promise, resolve } = Promise.withResolvers<'late' | 'ended'>()
  const late = setTimeout(() => resolve('late'), importMs)
  child.once('error', () => resolve('ended'))
  child.once('exit', () => resolve('ended'))
  const how = await promise
  clearTimeout(late)
  endGroup(child.pid)
  return how === 'late' ? tooLate(worker.name, worker.where) : conclude(plan, told(), said())
}

function collect(...streams: readonly unknown[]): () => string {
  let text = ''
  for (const stream of streams) {
    if (isReadable(stream)) stream.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  }
  return () => text
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'setEncoding' in stream
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended, and left nothing behind.
  }
}

function conclude({ worker }: GenerationPlan, told: string, said: string): Finding {
  const [line = ''] = told.split('\n')
  const failure = parseBootReport(line, worker.where)
  if (failure !== null) return found(failure.problem, 'FAIL')
  if (!line.includes('"loaded"')) {
    const detail = said.trimEnd().split('\n').slice(-shownLines)
    const message = `the import of worker ${worker.name} ended without a word`
    return {
      code: 'app_import_failed',
      state: 'FAIL',
      message,
      where: worker.where,
      fix: 'see what it wrote',
      detail,
    }
  }
  const what = worker.kind === 'uvicorn' ? 'the app' : 'the script'
  return passed('import', `${what} of worker ${worker.name} can be loaded`)
}

function tooLate(name: string, where: string): Finding {
  return {
    code: 'import_timeout',
    state: 'FAIL',
    message: `the import of worker ${name} did not end within ${importMs / 1000} s`,
    where,
    fix: "move what waits (a database, the network) from the module's top into the lifespan of the app",
  }
}
