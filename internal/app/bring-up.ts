/** Starting workers and waiting for what comes of it. */

import type { Problem } from '../fault/startup.ts'
import { isChild } from '../worker/command.ts'
import { startInOrder } from '../worker/order.ts'
import { within } from './deadline.ts'
import type { Member } from './fleet.ts'
import { settled } from './settled.ts'

/** How long a worker that is run elsewhere may take to answer before requests are sent to it, in milliseconds. */
const elsewhereMs = 2_000

/**
 * Starts members, each after those it is to come after, and waits until they are ready or have failed. Returns why
 * some did not start; whoever was to come after one of those is not waited for.
 */
export async function bringUp(
  members: readonly Member[],
  progress: (line: string) => void,
): Promise<readonly Problem[]> {
  for (const { worker } of members) progress(`${worker.name}: starting`)
  startInOrder(members)
  const outcomes = new Map<string, Promise<Problem | null>>()
  const outcomeOf = (member: Member): Promise<Problem | null> => {
    const { name } = member.config
    const known =
      outcomes.get(name) ?? outcome(member, predecessors(member, members).map(outcomeOf), progress)
    outcomes.set(name, known)
    return known
  }
  return (await Promise.all(members.map(outcomeOf))).filter((problem) => problem !== null)
}

async function outcome(
  { worker }: Member,
  before: readonly Promise<Problem | null>[],
  progress: (line: string) => void,
): Promise<Problem | null> {
  const failedBefore = Promise.withResolvers<null>()
  for (const other of before) void other.then((problem) => problem !== null && failedBefore.resolve(null))
  const own = settled(worker).then((problem) => {
    progress(problem === null ? `${worker.name}: ready` : `${worker.name}: failed`)
    return problem
  })
  // One that is run elsewhere may come much later; a moment is enough for one that is there.
  if (!worker.spawned) return within(elsewhereMs, own).then(() => null)
  return Promise.race([own, failedBefore.promise])
}

function predecessors({ config }: Member, members: readonly Member[]): readonly Member[] {
  const after = isChild(config) ? config.run.after : []
  return members.filter((other) => after.includes(other.config.name))
}
