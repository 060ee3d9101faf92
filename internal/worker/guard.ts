import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'

/**
 * Ends the process group of a `command` when the gateway is killed: such a command knows no lifeline. The shell
 * waits for the end of its standard input, which only this process holds open, in a group of its own.
 */
const script = `
cat >/dev/null
kill -TERM "$1" 2>/dev/null
left=8
while [ "$left" -gt 0 ] && kill -0 "$1" 2>/dev/null; do sleep 1; left=$((left - 1)); done
kill -KILL "-$1" 2>/dev/null
`

/** A watcher beside one process group. */
export class Guard {
  readonly #watcher: ChildProcess

  /** @param group id of the group, that is of its leader */
  constructor(group: number) {
    this.#watcher = spawn('/bin/sh', ['-c', script, 'fluxlit-guard', String(group)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    })
    // Without a shell there is no watcher; the marker in the environment remains.
    this.#watcher.on('error', () => {})
    this.#watcher.stdin?.on('error', () => {})
    this.#watcher.unref()
  }

  /** The group is gone, or somebody else ends it. */
  dismiss(): void {
    const { pid } = this.#watcher
    if (pid === undefined || this.#watcher.exitCode !== null || this.#watcher.signalCode !== null) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has just ended by itself.
    }
  }
}
