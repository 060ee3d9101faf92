/** `fluxlit reload`: another configuration for the running gateway. */

import type { ControlOutcome } from '../admin/control.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { WorkerRoom } from '../worker/room.ts'
import { changeSummary, planChange, unchangeable } from './change.ts'
import { Changeover, type ChangeoverRoom } from './changeover.ts'
import { realDirectory, type Fleet, type Member } from './fleet.ts'

/** What a change of configuration needs. */
export interface Reload extends ChangeoverRoom {
  readonly from: Fleet
  readonly to: Config
  /** What the workers of `to` are made in. */
  readonly room: WorkerRoom
}

/** Changes what differs. Not ok: everything runs as before. */
export async function reload(request: Reload): Promise<ControlOutcome> {
  const { from, to, room, progress } = request
  const stuck = unchangeable(from.config, to)
  if (stuck.length > 0) return { ok: false, problems: stuck }
  const change = planChange(from, to, room)
  const problems = await new Changeover(change, request).run()
  if (problems.length > 0) return { ok: false, problems }
  const unmoved = await followLinks(change.kept, progress)
  if (unmoved.length > 0) return { ok: false, problems: unmoved }
  return { ok: true, lines: [changeSummary(change)] }
}

/** A new checkout behind the same symbolic link is a change too. */
async function followLinks(
  members: readonly Member[],
  progress: (line: string) => void,
): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  for (const member of members) {
    const now = realDirectory(member.config)
    if (now === null || now === member.realCwd) continue
    const outcome = await member.worker.replace({ reason: 'reload', progress })
    if (outcome.ok) member.realCwd = now
    else problems.push(outcome.problem)
  }
  return problems
}
