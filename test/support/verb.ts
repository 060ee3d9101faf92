import type { StatusReport } from '../../internal/admin/status.ts'
import { run } from './binary.ts'
import type { Finished } from './binary.ts'
import type { Gateway } from './gateway.ts'
import { json } from './http.ts'

/** Runs `fluxlit WORDS... -c fluxlit.toml` beside the file the gateway was started with. */
export function verb(running: Pick<Gateway, 'directory'>, ...words: readonly string[]): Promise<Finished> {
  return run([...words, '-c', 'fluxlit.toml'], { cwd: running.directory })
}

/** What `fluxlit status --json` prints; rejects with what it wrote instead. */
export async function status(running: Pick<Gateway, 'directory'>): Promise<StatusReport> {
  const { code, stdout, stderr } = await verb(running, 'status', '--json')
  if (code !== 0) throw new Error(`fluxlit status ended with ${code}: ${stderr}`)
  return json<StatusReport>(stdout)
}

/** Process id of a worker that runs. */
export async function pidOf(running: Pick<Gateway, 'directory'>, worker: string): Promise<number> {
  const report = (await status(running)).workers[worker]
  if (typeof report?.pid !== 'number') throw new Error(`${worker} has no process: ${JSON.stringify(report)}`)
  return report.pid
}
