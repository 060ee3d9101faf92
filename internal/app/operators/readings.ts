/** What metrics are read from: the fleet in force and its workers. */

import type { ScrapeTarget } from '../../metrics/scrape.ts'
import type { ProcessReading, WorkerReading } from '../../metrics/sources.ts'
import { streamlitBasePath } from '../../worker/streamlit-environment.ts'
import type { SupervisedWorker } from '../../worker/types.ts'
import { backendsOf, workersOf, type Fleet, type Member } from '../fleet.ts'

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
