/** `fluxlit maintenance on|off [worker..]`: clients are told instead of being served. */

import { isMessage, usualMessage } from '../maintenance/maintenance.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { connect, type ControlFlags } from './control.ts'
import type { Terminal } from './control-terminal.ts'
import { renderProblems } from './render.ts'
import { plain } from './status-table.ts'

/** Flags of `maintenance`. */
export interface MaintenanceFlags extends ControlFlags {
  readonly action: 'on' | 'off'
  readonly worker?: readonly string[] | undefined
  readonly message?: string | undefined
}

/** Switches it; resolves to 0. @throws StartupError */
export async function maintenance(flags: MaintenanceFlags, terminal: Terminal): Promise<number> {
  const { action, worker: workers = [], message = usualMessage } = flags
  if (flags.message !== undefined) {
    if (action === 'off') throw usage('--message belongs to `maintenance on`')
    if (!isMessage(message)) throw usage('a message has 1 to 500 characters and is one line')
  }
  const client = await connect(flags, terminal)
  const { lost } = await client.maintenance({ on: action === 'on', workers, message })
  const whom = workers.length === 0 ? 'everything' : workers.map(plain).join(', ')
  terminal.out(action === 'on' ? `maintenance on for ${whom}: ${message}\n` : `maintenance off for ${whom}\n`)
  if (lost !== null) terminal.err(renderProblems([notKept(action, lost)], 'warning', terminal.colour.err))
  return exitCode.ok
}

function notKept(action: 'on' | 'off', reason: string): Problem {
  return {
    code: 'maintenance_not_kept',
    message:
      action === 'on'
        ? `a restart of the gateway ends it: ${plain(reason)}`
        : `a restart of the gateway may bring it back: ${plain(reason)}`,
    hint: 'set `state.dir` to a directory the gateway can write to',
  }
}

function usage(message: string): StartupError {
  return new StartupError([{ code: 'usage', message, where: '--message' }], exitCode.usage)
}
