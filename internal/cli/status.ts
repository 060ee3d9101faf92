/** `fluxlit status`: what the running gateway and its workers are doing. */

import type { StatusReport } from '../admin/status.ts'
import { exitCode } from '../fault/startup.ts'
import { connect, type ControlFlags } from './control.ts'
import type { Terminal } from './control-terminal.ts'
import { renderStatus } from './status-table.ts'

/** Flags of `status`. */
export interface StatusFlags extends ControlFlags {
  readonly json?: boolean | undefined
  readonly watch?: boolean | undefined
}

/** Milliseconds between two drawings of `--watch`. */
const watchPaceMs = 1000

/** Cursor to the top, and everything below it away. */
const clearScreen = '\x1b[H\x1b[J'

/** Prints the status, once or every second until Ctrl-C; resolves to 0. @throws StartupError */
export async function status(flags: StatusFlags, terminal: Terminal): Promise<number> {
  const client = await connect(flags, terminal)
  let more: boolean
  do {
    const text = shown(await client.status(), flags, terminal)
    const redraw = flags.watch === true && flags.json !== true && terminal.isScreen
    terminal.out(redraw ? clearScreen + text : text)
    more = flags.watch === true && (await terminal.pause(watchPaceMs))
  } while (more)
  return exitCode.ok
}

function shown(report: StatusReport, flags: StatusFlags, terminal: Terminal): string {
  // One line each when there are many, so that a program can read them.
  if (flags.json === true) return `${JSON.stringify(report, null, flags.watch === true ? 0 : 2)}\n`
  return renderStatus(report, { colour: terminal.colour.out, now: Date.now() })
}
