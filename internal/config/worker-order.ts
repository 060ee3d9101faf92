/** What `after` says about the order in which workers are started, and what is wrong with it. */

import type { WorkerConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import { nearest } from './nearest.ts'

/** Reports every name in an `after` that is no worker, and every circle. */
export function reportOrder(
  context: ResolveContext,
  workers: readonly WorkerConfig[],
  known: readonly string[],
): void {
  const edges = new Map(workers.map((worker) => [worker.name, afterOf(worker)]))
  for (const [name, after] of edges) {
    for (const other of after) if (!known.includes(other)) reportUnknown(context, name, other, known)
  }
  const reported = new Set<string>()
  for (const name of edges.keys()) {
    const circle = circleFrom(name, edges)
    if (circle === null || circle.some((step) => reported.has(step))) continue
    for (const step of circle) reported.add(step)
    reportCircle(context, circle)
  }
}

function afterOf(worker: WorkerConfig): readonly string[] {
  return worker.kind !== 'static' && worker.run.kind !== 'url' ? worker.run.after : []
}

// The way from a worker back to itself, or null. A handful of workers: no need to be clever.
function circleFrom(
  start: string,
  edges: ReadonlyMap<string, readonly string[]>,
  path: readonly string[] = [start],
): readonly string[] | null {
  for (const next of edges.get(path.at(-1) ?? start) ?? []) {
    if (next === start) return path
    const found = path.includes(next) ? null : circleFrom(start, edges, [...path, next])
    if (found !== null) return found
  }
  return null
}

function reportUnknown(context: ResolveContext, name: string, other: string, known: readonly string[]): void {
  const guess = nearest(other, known)
  context.problems.push({
    code: 'after_unknown',
    message: `\`after\` of worker \`${name}\` names \`${other}\`, which is no worker`,
    where: context.origin(['workers', name, 'after']),
    hint: guess === null ? `the workers are ${known.join(', ')}` : `did you mean \`${guess}\`?`,
  })
}

function reportCircle(context: ResolveContext, circle: readonly string[]): void {
  const [first = ''] = circle
  const way = [...circle, first].map((name) => `\`${name}\``).join(' after ')
  context.problems.push({
    code: 'after_circle',
    message: `no worker of this circle could ever be started: ${way}`,
    where: context.origin(['workers', first, 'after']),
    hint: 'remove one of them from `after`',
  })
}
