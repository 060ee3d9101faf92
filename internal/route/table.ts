/** Which worker a path belongs to: the longest mount that is a prefix by whole segments, on the hosts it is for. */

import { failure, type Failure } from '../fault/failure.ts'
import type { RoutedWorker } from '../config/config.ts'
import type { PathTarget } from './target.ts'

/** Where a request goes. */
export type Route =
  | {
      readonly kind: 'internal'
      /** `livez`, or `''` for anything below the prefix. */ readonly name: string
    }
  /** An endpoint of the gateway for signing in and out. */
  | { readonly kind: 'auth'; readonly rootSegments: number }
  | { readonly kind: 'health'; /** `healthz` or `readyz` of an application object. */ readonly name: string }
  | { readonly kind: 'redirect'; /** Path of the API's own page. */ readonly location: string }
  | {
      readonly kind: 'worker'
      readonly index: number
      /** The path without root path and mount, segments decoded once. */
      readonly below: readonly string[]
      /** How many leading raw segments are the public root path. */
      readonly rootSegments: number
      /** How many raw segments after those are the mount. */
      readonly mountSegments: number
    }

/** Settings the table is compiled from. */
export interface RouteSettings {
  /** Workers in the order of the configuration; `Route.index` counts in this list. */
  readonly workers: readonly RoutedWorker[]
  readonly rootPath: string
  /** Targets of `/docs` and its siblings, without root path; null = no redirect. */
  readonly docsMount: string | null
  /** Paths below the root path, as segments, that belong to the gateway with everything below them. */
  readonly reserved?: readonly (readonly string[])[]
  /** Index of the worker below which an application object has its health endpoints; null = none has. */
  readonly healthOf: number | null
}

/** Decides routes; built once from the configuration. */
export type RouteTable = (target: PathTarget, host: string | null) => Route | Failure

interface Entry {
  readonly index: number
  readonly mount: readonly string[]
  readonly hosts: ReadonlySet<string> | null
}

const healthPages = new Set(['healthz', 'readyz'])
const docsPages = new Set(['docs', 'redoc', 'openapi.json'])

/** Compiles the routing table. */
export function compileRoutes(settings: RouteSettings): RouteTable {
  const root = segmentsOf(settings.rootPath)
  const entries = settings.workers
    .map((worker, index): Entry => ({ index, mount: segmentsOf(worker.mount), hosts: hostSet(worker.hosts) }))
    // Longest mount first; among equals the one bound to a host.
    .toSorted(
      (a, b) => b.mount.length - a.mount.length || Number(b.hosts !== null) - Number(a.hosts !== null),
    )
  const compiled: Compiled = { ...settings, root, entries, reserved: settings.reserved ?? [] }
  const decide = (segments: readonly string[], host: string): Route | null =>
    decideOne(segments, host, compiled)

  return (target, host) => {
    const name = hostName(host ?? '')
    const route = decide(target.segments, name)
    for (const reading of target.alternatives) {
      if (!sameRoute(route, decide(reading, name))) return failure('ambiguous_path')
    }
    return route ?? failure('route_not_found')
  }
}

interface Compiled extends Omit<RouteSettings, 'workers' | 'reserved'> {
  readonly root: readonly string[]
  readonly entries: readonly Entry[]
  readonly reserved: readonly (readonly string[])[]
}

function decideOne(segments: readonly string[], host: string, table: Compiled): Route | null {
  // An outer proxy may or may not have removed the root path: both shapes mean the same.
  const rootSegments = table.root.length > 0 && startsWith(segments, table.root) ? table.root.length : 0
  const path = rootSegments === 0 ? segments : segments.slice(rootSegments)
  if (path[0] === '__fluxlit') return { kind: 'internal', name: path.length === 2 ? (path[1] ?? '') : '' }
  if (table.reserved.some((prefix) => startsWith(path, prefix))) return { kind: 'auth', rootSegments }
  const entry = table.entries.find(
    ({ mount, hosts }) => (hosts === null || hosts.has(host)) && startsWith(path, mount),
  )
  // A worker mounted at /docs itself keeps it.
  if ((entry?.mount.length ?? 0) === 0 && isDocsPage(path) && table.docsMount !== null) {
    return { kind: 'redirect', location: `${table.rootPath}${table.docsMount}/${path[0]}` }
  }
  if (entry === undefined) return null
  const below = path.slice(entry.mount.length)
  if (entry.index === table.healthOf && below.length === 1 && healthPages.has(below[0] ?? ''))
    return { kind: 'health', name: below[0] ?? '' }
  return { kind: 'worker', index: entry.index, below, rootSegments, mountSegments: entry.mount.length }
}

function isDocsPage(path: readonly string[]): boolean {
  return path.length === 1 && docsPages.has(path[0] ?? '')
}

/** The raw path with its first `count` segments removed; always starts with `/`. */
export function dropSegments(raw: string, count: number): string {
  let at = 0
  for (let i = 0; i < count; i++) {
    at = raw.indexOf('/', at + 1)
    if (at === -1) return '/'
  }
  return at === 0 ? raw : raw.slice(at)
}

/** `/a/b` as `['a', 'b']`, `/` and `''` as `[]`. */
export function segmentsOf(path: string): readonly string[] {
  return path === '' || path === '/' ? [] : path.slice(1).split('/')
}

/** Host without its port, lower case, without a trailing dot. */
export function hostName(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':')
  const name = (end > 0 ? host.slice(0, end) : host).toLowerCase()
  return name.endsWith('.') ? name.slice(0, -1) : name
}

function hostSet(hosts: readonly string[]): ReadonlySet<string> | null {
  return hosts.length === 0 ? null : new Set(hosts.map(hostName))
}

function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  if (path.length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (path[i] !== prefix[i]) return false
  return true
}

function sameRoute(a: Route | null, b: Route | null): boolean {
  if (a === null || b === null) return a === b
  if (a.kind === 'worker' && b.kind === 'worker') return a.index === b.index
  if (a.kind === 'internal' && b.kind === 'internal') return a.name === b.name
  if (a.kind === 'auth') return b.kind === 'auth'
  if (a.kind === 'health' && b.kind === 'health') return a.name === b.name
  return a.kind === 'redirect' && b.kind === 'redirect' && a.location === b.location
}
