/** Where the audit stream goes: nowhere, between the lines of standard output, or to a file of its own. */

import type { LogConfig } from '../config/config.ts'
import { auditLine, noAudit, type Audit } from './audit.ts'
import { LogFile } from './file.ts'
import { droppedLine, escapeControls } from './json.ts'
import { createSink, type LineSink } from './sink.ts'

/** The audit stream and its end. */
export interface Trail {
  readonly audit: Audit
  dropped(): number
  reopen(): void
  close(ms: number): Promise<void>
}

/**
 * Opens it where `log.audit.file` says.
 * @param output the lines of standard output
 * @throws StartupError `log_file` when the file cannot be opened
 */
export async function openTrail(
  place: LogConfig['audit'],
  output: LineSink,
  tell: (text: string) => void,
): Promise<Trail> {
  const nothing = { dropped: () => 0, reopen: () => undefined, close: () => Promise.resolve() }
  if (place === null) return { ...nothing, audit: noAudit }
  if (place === 'stdout') return { ...nothing, audit: auditTo(output) }
  const file = await LogFile.open(place, tell)
  const sink = createSink(file, { dropped: (count) => escapeControls(droppedLine(count)), elsewhere: tell })
  return {
    audit: auditTo(sink),
    dropped: () => sink.dropped,
    reopen: () => file.reopen(),
    close: async (ms) => {
      await sink.close(ms)
      void file.close()
    },
  }
}

function auditTo(sink: LineSink): Audit {
  return (event) => sink.write(escapeControls(auditLine(event, new Date())))
}
