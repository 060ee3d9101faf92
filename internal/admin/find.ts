/** Finds running gateways by their control sockets: `PLACE/HASH/PID/control.sock`. */

import { lstatSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'

import { endpointOf, runtimeDirCandidates } from '../worker/runtime-dir.ts'

/** A gateway whose control socket takes connections. */
export interface FoundGateway {
  readonly socket: string
  readonly pid: number
  /** `instanceHash` of its configuration. */
  readonly instance: string
}

/** A directory that was looked into, and what was there. */
export interface Looked {
  readonly directory: string
  readonly outcome: 'found' | 'nothing there' | 'nobody listens' | 'permission denied' | 'not trusted'
}

/** What a search has brought. */
export interface Search {
  /** In the order of the places, then by process id. */
  readonly gateways: readonly FoundGateway[]
  readonly looked: readonly Looked[]
}

/**
 * The places gateways of this account may have put their sockets in. Besides the gateway's own list the usual ones
 * of a login session: cron and `sudo` drop the variables that name them.
 */
export function searchPlaces(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (process.platform === 'win32') return runtimeDirCandidates(env)
  const user = process.geteuid?.() ?? 0
  return [
    ...new Set([...runtimeDirCandidates(env), `/run/user/${user}/fluxlit`, join('/tmp', `fluxlit-${user}`)]),
  ]
}

/**
 * Looks for gateways.
 *
 * @param places as of {@link searchPlaces}
 * @param instance hash of one configuration, or null for all
 */
export async function findGateways(places: readonly string[], instance: string | null): Promise<Search> {
  const searches = await Promise.all(places.map((place) => searchPlace(place, instance)))
  return {
    gateways: searches.flatMap(({ gateways }) => gateways),
    looked: searches.flatMap(({ looked }) => looked),
  }
}

async function searchPlace(place: string, instance: string | null): Promise<Search> {
  if (!isTrusted(place)) return { gateways: [], looked: [{ directory: place, outcome: 'not trusted' }] }
  if (instance !== null) return searchInstance(place, instance)
  const names = list(place)
  if (typeof names === 'string') return { gateways: [], looked: [{ directory: place, outcome: names }] }
  const hashes = names.filter((name) => /^[0-9a-f]{12}$/.test(name))
  const searches = await Promise.all(hashes.map((hash) => searchInstance(place, hash)))
  const gateways = searches.flatMap((search) => search.gateways)
  // One line for the place: it may hold hundreds of directories of gateways that are gone.
  const outcome = gateways.length > 0 ? 'found' : hashes.length > 0 ? 'nobody listens' : 'nothing there'
  return { gateways, looked: [{ directory: place, outcome }] }
}

async function searchInstance(place: string, instance: string): Promise<Search> {
  const directory = join(place, instance)
  const names = list(directory)
  if (typeof names === 'string') return { gateways: [], looked: [{ directory, outcome: names }] }
  const pids = names.filter((name) => /^[1-9][0-9]*$/.test(name)).map(Number)
  const probed = await Promise.all(
    pids
      .toSorted((a, b) => a - b)
      .map(async (pid) => {
        const socket = join(directory, String(pid), 'control.sock')
        return { pid, socket, instance, answer: await probe(socket) }
      }),
  )
  const gateways = probed
    .filter(({ answer }) => answer === 'listens')
    .map(({ pid, socket }) => ({ pid, socket, instance }))
  const denied = probed.some(({ answer }) => answer === 'permission denied')
  const nothing = denied ? 'permission denied' : pids.length > 0 ? 'nobody listens' : 'nothing there'
  return { gateways, looked: [{ directory, outcome: gateways.length > 0 ? 'found' : nothing }] }
}

function list(directory: string): readonly string[] | 'nothing there' | 'permission denied' {
  try {
    return readdirSync(directory)
  } catch (error) {
    return isDenied(error) ? 'permission denied' : 'nothing there'
  }
}

/** Whether somebody accepts connections; nothing is sent. */
function probe(socket: string): Promise<'listens' | 'silent' | 'permission denied'> {
  return new Promise((resolve) => {
    const connection = connect(endpointOf(socket))
    connection.once('connect', () => {
      connection.destroy()
      resolve('listens')
    })
    connection.once('error', (error) => resolve(isDenied(error) ? 'permission denied' : 'silent'))
  })
}

/**
 * A place another account made where everybody can make one (`/tmp/fluxlit-0`) could hold a socket that only
 * pretends to be our gateway. What is missing or closed to us is no danger.
 */
function isTrusted(place: string): boolean {
  try {
    const stat = lstatSync(place)
    if (stat.uid === 0 || stat.uid === process.geteuid?.()) return !stat.isSymbolicLink()
    return (lstatSync(dirname(place)).mode & 0o022) === 0
  } catch {
    return true
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
}
