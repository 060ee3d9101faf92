import type { Logger } from '../log/types.ts'
import type { Clock } from './clock.ts'
import type { ChildWorker } from './command.ts'
import { Lifetime } from './lifetime.ts'
import type { Live } from './live.ts'
import { Monitor } from './monitor.ts'
import type { ProbeResult } from './probe.ts'
import type { Usage } from './types.ts'

/** What the watching of a process needs, and whom it tells. */
export interface WatchesInput {
  readonly worker: ChildWorker
  readonly clock: Clock
  readonly logger: Logger
  /** What a process uses now; null = cannot be read. */
  readonly measure: (pid: number) => Promise<Usage | null>
  readonly onUsage: (usage: Usage) => void
  /** It answers again. */
  readonly onAnswered: () => void
  readonly onUnanswered: (reason: string) => void
  /** It did not answer, and looks as if it hung. */
  readonly onSilent: () => void
  /** It has used too much or lived too long. */
  readonly onExpired: (reason: 'memory' | 'age') => void
}

/** What watches a process that serves: whether it answers (not without a mount), what it uses, how old it is. */
export function watchesOf(live: Live, input: WatchesInput): readonly (Monitor | Lifetime)[] {
  const { worker, clock, onAnswered, onUnanswered, onSilent } = input
  const lifetime = lifetimeOf(live, input)
  if (worker.kind === 'process') return [lifetime]
  const { ready } = worker
  const ask = (timeoutMs: number): Promise<ProbeResult> => live.process.generation.ask(timeoutMs)
  return [new Monitor({ ready, clock, ask, onAnswered, onUnanswered, onSilent }, true), lifetime]
}

function lifetimeOf(
  live: Live,
  { worker, clock, logger, measure, onUsage, onExpired }: WatchesInput,
): Lifetime {
  const { pid } = live.process.generation
  const { maxMemoryBytes, maxAgeMs } = worker.run
  return new Lifetime({
    worker: worker.name,
    clock,
    logger,
    maxMemoryBytes,
    maxAgeMs,
    measure: () => (pid === null ? Promise.resolve(null) : measure(pid)),
    onUsage,
    onExpired,
  })
}
