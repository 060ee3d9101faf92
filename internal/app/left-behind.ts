/** Processes that nobody would end but the gateway: their marker is in their environment. */

import { belongingTo, endMarked, leftBehind } from '../host/orphans.ts'
import type { Logger } from '../log/types.ts'

/** Ends what a gateway with this configuration left that was killed, and that escaped its watcher. */
export function endLeftBehind(instance: string, logger: Logger): Promise<void> {
  return endAll(leftBehind(instance), 'ended processes a killed gateway left behind', logger)
}

/** Ends what workers of this gateway started and what left their group. */
export function endEscaped(instance: string, logger: Logger): Promise<void> {
  const own = `${instance}.${process.pid}`
  return endAll(belongingTo(own), 'ended processes that had left their worker', logger)
}

async function endAll(marked: Parameters<typeof endMarked>[0], what: string, logger: Logger): Promise<void> {
  const { ended } = await endMarked(marked)
  if (ended.length > 0) logger.warn({ pids: ended.map(({ pid }) => pid) }, what)
}
