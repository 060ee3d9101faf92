/** `fluxlit restart`: new generations of running workers, for new code behind the same configuration. */

import type { ControlOutcome } from '../admin/control.ts'
import type { Problem } from '../fault/startup.ts'
import { realDirectory, type Fleet } from './fleet.ts'

/** Replaces the named workers, or all that the gateway starts. Not ok: the ones that failed run as before. */
export async function restart(
  fleet: Fleet,
  names: readonly string[],
  progress: (line: string) => void,
): Promise<ControlOutcome> {
  const chosen = fleet.members.filter(
    ({ worker }) => worker.spawned && (names.length === 0 || names.includes(worker.name)),
  )
  const problems: Problem[] = []
  const lines: string[] = []
  for (const member of chosen) {
    const { worker, backend, config } = member
    const realCwd = realDirectory(config)
    const lostBefore = backend?.sessionsLost ?? 0
    const outcome = await worker.replace({ reason: 'restart', progress })
    if (!outcome.ok) {
      problems.push(outcome.problem)
      continue
    }
    member.realCwd = realCwd
    const lost = (backend?.sessionsLost ?? 0) - lostBefore
    lines.push(`${worker.name}: restarted${lost > 0 ? `, ${lost} Streamlit sessions lost their state` : ''}`)
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, lines }
}
