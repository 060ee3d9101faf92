import { readFileSync, readdirSync } from 'node:fs'

/** A process found in /proc. */
export interface FoundProcess {
  readonly pid: number
  readonly command: string
  readonly environment: ReadonlyMap<string, string>
}

/** Every running process in whose environment `name` is `value` (any value when it is left out). */
export function processesWith(name: string, value?: string): readonly FoundProcess[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => look(Number(entry)))
    .filter(({ environment }) =>
      value === undefined ? environment.has(name) : environment.get(name) === value,
    )
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  if (line === null) throw new Error(`process ${pid} has no VmRSS`)
  return Number(line[1]) * 1024
}

// A process that ends while it is looked at, or belongs to another user, is not there; nor is a zombie,
// whose environment reads as empty.
function look(pid: number): FoundProcess[] {
  try {
    const environment = new Map(
      readFileSync(`/proc/${pid}/environ`, 'utf8')
        .split('\0')
        .filter((entry) => entry.includes('='))
        .map((entry): [string, string] => {
          const at = entry.indexOf('=')
          return [entry.slice(0, at), entry.slice(at + 1)]
        }),
    )
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
    return [{ pid, command, environment }]
  } catch {
    return []
  }
}
