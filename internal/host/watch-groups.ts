/** The watcher without a shell: what the gateway's own program does when it is started as a watcher. */

import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'

import { processStat } from './process-table.ts'

/** Groups by id, with the start time of their leaders (`-` = not known). */
type Groups = Map<number, string>

/** How long a leader has between SIGTERM and SIGKILL, and how often it is looked at, in milliseconds. */
const graceMs = 8000
const lookMs = 200

/** Stands in for what these signals do otherwise. */
const stay = (): void => {}
const ignored = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGQUIT'] as const

/**
 * Follows the lines of `watcherScript` on `input` and ends the groups when it ends. Called first thing by the main
 * program when `FLUXLIT_ROLE` is `watcher`.
 *
 * @returns when nothing is left to do; the program should then end
 */
export async function watchGroups(input: Readable): Promise<void> {
  for (const signal of ignored) process.on(signal, stay)
  const groups = await gatewayGone(input)
  if (groups !== null) await endGroups(groups)
  for (const signal of ignored) process.off(signal, stay)
}

// The groups that are left at the end of the input, or null when told to leave.
async function gatewayGone(input: Readable): Promise<Groups | null> {
  const groups: Groups = new Map()
  let rest = ''
  for await (const chunk of input.setEncoding('utf8')) {
    // What stands after the last line break may be half a number, also at the end.
    const lines = `${rest}${String(chunk)}`.split('\n')
    rest = lines.pop() ?? ''
    if (lines.some((line) => apply(line, groups) === 'leave')) return null
  }
  return groups
}

function apply(line: string, groups: Groups): 'leave' | 'stay' {
  const [op, word = '', start = '-'] = line.split(' ')
  if (op === '.') return 'leave'
  const group = Number(word)
  // -1 means "every process" to kill(2).
  if (op === '+' && Number.isSafeInteger(group) && group > 1) groups.set(group, start)
  if (op === '-') groups.delete(group)
  return 'stay'
}

async function endGroups(groups: Groups): Promise<void> {
  for (const [group, start] of groups) {
    if (isForeign(group, start)) {
      groups.delete(group)
      continue
    }
    if (!send(group, 'SIGTERM')) send(-group, 'SIGTERM')
    send(-group, 'SIGCONT')
  }
  const until = performance.now() + graceMs
  while (groups.size > 0) {
    for (const group of groups.keys()) {
      if (performance.now() < until && leads(group)) continue
      send(-group, 'SIGKILL')
      groups.delete(group)
    }
    if (groups.size > 0) await pause(lookMs)
  }
}

function isForeign(group: number, start: string): boolean {
  const now = processStat(group)?.start
  return now !== undefined && start !== '-' && String(now) !== start
}

function leads(group: number): boolean {
  if (process.platform !== 'linux') return send(group, 0)
  const stat = processStat(group)
  return stat !== null && stat.state !== 'Z'
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
