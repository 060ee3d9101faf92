/** What metrics are read from: the fleet in force and its workers. */

import type { ScrapeTarget } from '../../metrics/scrape.ts'
import type { ProcessReading, WorkerReading } from '../../metrics/sources.ts'
import type { WorkerEvent } from '../../recent/why.ts'
import { streamlitBasePath } from '../../worker/streamlit-environment.ts'
import type { SupervisedWorker } from '../../worker/types.ts'
import { backendsOf, memberOf, workersOf, type Fleet, type Member } from '../fleet.ts'

/** Routes that are there whatever the configuration says. */
const ownRoutes = ['internal', 'none']

/** Names of all routes. */
export function routesOf(fleet: Fleet): readonly string[] {
  return [...backendsOf(fleet).map(({ config }) => config.name), ...ownRoutes]
}

/** Every worker; one of several processes as a whole and one by one. */
export function workerReadings(fleet: Fleet): readonly WorkerReading[] {
  return workersOf(fleet).flatMap((worker) => {
    const { name, state, replicas } = worker
    if (replicas.length === 0) return [{ name, state: state.kind, process: processReading(worker) }]
    const each = replicas.map((replica) => ({
      name: replica.name,
      state: replica.state.kind,
      process: processReading(replica),
    }))
    return [{ name, state: state.kind, process: null }, ...each]
  })
}

/** Requests that wait for a worker. */
export function heldRequests(fleet: Fleet): number {
  return backendsOf(fleet).reduce((sum, { held }) => sum + held, 0)
}

/** How requests come to a worker; null when there is none of that name, or none can. */
export function ruleOf(fleet: Fleet, name: string): string | null {
  const config = memberOf(fleet, name)?.config
  if (config === undefined || config.kind === 'process') return null
  const hosts = config.hosts.length === 0 ? '' : ` on ${config.hosts.join(', ')}`
  return `mount ${config.mount}${hosts}`
}

/** Changes of state and deaths that are remembered of a worker. */
export function workerEvents(fleet: Fleet, name: string): readonly WorkerEvent[] {
  const history = memberOf(fleet, name)?.history
  if (history === undefined) return []
  const changes = history.changes.map(({ time, state, generation }) => ({
    time,
    text: generation === null ? state : `${state}, generation ${generation}`,
  }))
  return [...changes, ...history.deaths.map(({ time, cause }) => ({ time, text: cause }))]
}

/** Streamlit workers that answer. */
export function scrapeTargets(fleet: Fleet): readonly ScrapeTarget[] {
  return fleet.members.flatMap((member) => targetOf(member, fleet.config.rootPath))
}

function processReading({ restarts, usage }: SupervisedWorker): ProcessReading {
  return { restarts, memoryBytes: usage?.memoryBytes ?? null, cpuSeconds: usage?.cpuSeconds ?? null }
}

function targetOf({ config, worker }: Member, rootPath: string): readonly ScrapeTarget[] {
  const [address] = worker.addresses
  if (config.kind !== 'streamlit' || address === undefined || worker.state.kind !== 'ready') return []
  const base = config.run.kind === 'url' ? config.run.basePath : ''
  const path = `${base}${streamlitBasePath(config, rootPath)}/_stcore/metrics`
  return [{ worker: config.name, address, path }]
}
