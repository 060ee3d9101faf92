/** `fluxlit restart`: new generations of running workers, for new code behind the same configuration. */

import type { ControlOutcome } from '../admin/control.ts'
import type { Problem } from '../fault/startup.ts'
import { realDirectory, type Fleet, type Member } from './fleet.ts'
import { lostSessions } from './sessions.ts'

/** Replaces the named workers, or all that the gateway starts. Not ok: the ones that failed run as before. */
export async function restart(
  fleet: Fleet,
  names: readonly string[],
  progress: (line: string) => void,
): Promise<ControlOutcome> {
  const chosen = fleet.members.filter(
    ({ worker }) => worker.spawned && (names.length === 0 || names.includes(worker.name)),
  )
  const outcomes = await Promise.all(chosen.map((member) => restartOne(member, progress)))
  const problems = outcomes.filter((outcome) => typeof outcome !== 'string')
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, lines: outcomes.filter((outcome) => typeof outcome === 'string') }
}

async function restartOne(member: Member, progress: (line: string) => void): Promise<string | Problem> {
  const { worker, backend, config } = member
  const realCwd = realDirectory(config)
  const lostBefore = backend?.sessionsLost ?? 0
  const outcome = await worker.replace({ reason: 'restart', progress })
  if (!outcome.ok) return outcome.problem
  member.realCwd = realCwd
  const lost = (backend?.sessionsLost ?? 0) - lostBefore
  return `${worker.name}: restarted${lostSessions(lost)}`
}
