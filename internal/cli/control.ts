/** `fluxlit restart`, `reload`, `drain` and `stop`: asks the running gateway, follows what it does, says how it went. */

import { ControlClient } from '../admin/client.ts'
import { searchPlaces } from '../admin/find.ts'
import { selectGateway } from '../admin/select.ts'
import type { ControlOutcome } from '../admin/control.ts'
import { isRunning } from '../admin/process.ts'
import type { StatusReport } from '../admin/status.ts'
import { instanceKey } from '../config/sources.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import type { Terminal } from './control-terminal.ts'
import { renderProblems } from './render.ts'
import { plain } from './status-table.ts'

/** Which gateway is meant. */
export interface ControlFlags {
  readonly config?: readonly string[] | undefined
  readonly socket?: string | undefined
  /** As written. */
  readonly pid?: string | undefined
}

/** Lines of a failed worker's output that are shown. */
const shownLines = 20

/** Milliseconds between two looks at a gateway that is stopping. */
const stopPaceMs = 250

/** The gateway the flags name, found but not yet asked anything. @throws StartupError */
export async function connect(flags: ControlFlags, terminal: Terminal): Promise<ControlClient> {
  const { config = [], socket } = flags
  const pid = flags.pid === undefined ? undefined : parsePid(flags.pid)
  const places = searchPlaces(terminal.env)
  const key = instanceKey(terminal.cwd, config)
  return new ControlClient(await selectGateway({ instanceKey: key, places, socket, pid }))
}

function parsePid(text: string): number {
  if (/^[1-9][0-9]{0,9}$/.test(text)) return Number(text)
  const message = `a process id must be a whole number, found ${JSON.stringify(text)}`
  throw new StartupError([{ code: 'usage', message, where: '--pid' }], exitCode.usage)
}

/** Replaces workers, all without a name; resolves to 0, or 1 when the old ones were kept. @throws StartupError */
export async function restart(
  flags: ControlFlags & { readonly worker?: readonly string[] | undefined },
  terminal: Terminal,
): Promise<number> {
  const client = await connect(flags, terminal)
  return conclude(await client.restart(flags.worker ?? [], progressOn(terminal)), terminal)
}

/** Puts a changed configuration in force; resolves to 0, or 1 when the old one was kept. @throws StartupError */
export async function reload(flags: ControlFlags, terminal: Terminal): Promise<number> {
  const client = await connect(flags, terminal)
  return conclude(await client.reload(progressOn(terminal)), terminal)
}

/** Lets readiness say `draining`; resolves to 0. @throws StartupError */
export async function drain(flags: ControlFlags, terminal: Terminal): Promise<number> {
  const client = await connect(flags, terminal)
  await client.drain()
  terminal.out('draining: readyz answers 503, requests are still served\n')
  return exitCode.ok
}

/** Stops the gateway and waits until its process is gone; resolves to 0. @throws StartupError */
export async function stop(flags: ControlFlags, terminal: Terminal): Promise<number> {
  const client = await connect(flags, terminal)
  const { pid } = (await client.status()).gateway
  // In another process namespace its number says nothing; then the end of its socket has to do.
  const visible = isRunning(pid)
  await client.stop()
  terminal.out(`stopping the gateway, pid ${pid}\n`)
  let told: string | null = null
  for (;;) {
    const report = await lastStatus(client)
    if (visible ? !isRunning(pid) : report === null) break
    const line = report === null ? null : waitingFor(report)
    if (line !== null && line !== told) terminal.out(`${line}\n`)
    told = line ?? told
    if (await terminal.pause(stopPaceMs)) continue
    terminal.err('no longer waiting; the gateway goes on stopping\n')
    return exitCode.failed
  }
  terminal.out('stopped\n')
  return exitCode.ok
}

/** The status of a gateway that is stopping, or null when it no longer says: its socket goes before its process. */
async function lastStatus(client: ControlClient): Promise<StatusReport | null> {
  try {
    return await client.status()
  } catch (error) {
    if (error instanceof StartupError) return null
    throw error
  }
}

function waitingFor(report: StatusReport): string | null {
  const workers = Object.entries(report.workers)
  const sum = (field: 'in_flight' | 'websockets'): number =>
    workers.reduce((total, [, worker]) => total + worker[field], 0)
  const open = [count(sum('in_flight'), 'request'), count(sum('websockets'), 'WebSocket')]
  const left = workers.filter(
    ([, { spawned, state }]) => spawned && state !== 'stopped' && state !== 'failed',
  )
  const waiting = [...open, left.map(([name]) => plain(name)).join(', ')].filter((part) => part !== '')
  return waiting.length === 0 ? null : `waiting for ${waiting.join(', ')}`
}

function count(number: number, noun: string): string {
  return number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`
}

function progressOn(terminal: Terminal): (line: string) => void {
  return (line) => terminal.out(`${plain(line)}\n`)
}

function conclude(outcome: ControlOutcome, terminal: Terminal): number {
  if (outcome.ok) {
    for (const line of outcome.lines) terminal.out(`${plain(line)}\n`)
    return exitCode.ok
  }
  terminal.err(renderProblems(outcome.problems.map(shownProblem), 'error', terminal.colour.err))
  return exitCode.failed
}

/** A worker's last lines may be many, and may hold escapes that are not for this terminal. */
function shownProblem(problem: Problem): Problem {
  const { message, detail } = problem
  const lines = detail?.slice(-shownLines).map(plain)
  return { ...problem, message: plain(message), ...(lines === undefined ? {} : { detail: lines }) }
}
