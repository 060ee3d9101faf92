/** What is different between the configuration in force and the next one. Nothing is started here. */

import type { Config, WorkerConfig } from '../config/config.ts'
import { fingerprintOf } from '../config/secret.ts'
import type { Problem } from '../fault/startup.ts'
import { isChild } from '../worker/command.ts'
import type { WorkerRoom } from '../worker/room.ts'
import type { SupervisedWorker } from '../worker/types.ts'
import { apiPath, assembleFleet, memberOf, type Fleet, type Member } from './fleet.ts'

/** Two fleets and what has to happen between them. */
export interface Change {
  readonly from: Fleet
  readonly next: Fleet
  /** Members of `next` that are started beside what runs. */
  readonly beside: readonly Member[]
  /** Members of `next` whose predecessor has to end first: two of them would fail, or do everything twice. */
  readonly inTurn: readonly Member[]
  /** Members of `next` that go on. */
  readonly kept: readonly Member[]
  /** Members of `from` that do not. */
  readonly gone: readonly Member[]
}

/** Keys that a running gateway cannot change. */
const fixed: readonly (readonly [string, (config: Config) => unknown])[] = [
  ['gateway_host', ({ listen }) => listen.host],
  ['gateway_port', ({ listen }) => listen.port],
  ['internal.listen', ({ internalListen }) => internalListen],
  ['root', ({ root }) => root],
  ['name', ({ name }) => name],
  ['admin.listen', ({ admin }) => admin.listen],
  ['metrics.listen', ({ metrics }) => metrics.listen],
  ['state.dir', ({ stateDir }) => stateDir],
  ['log.recent', ({ log }) => log.recent],
  ['log.format', ({ log }) => log.format],
  ['log_level', ({ log }) => log.level],
  ['log.file', ({ log: { file } }) => file && [file.path, file.rotateBytes, file.rotateKeep]],
  [
    'log.audit',
    ({ log: { audit } }) => (typeof audit === 'string' ? audit : audit && { ...audit, where: '' }),
  ],
  ['tls.cert_file', ({ tls }) => tls?.certFile],
  ['tls.key_file', ({ tls }) => tls?.keyFile],
  ['tls.min_version', ({ tls }) => tls?.minVersion],
  ['tls.redirect_from', ({ tls }) => tls?.redirectFrom ?? null],
]

/** What differs although only a new start of the gateway could change it. */
export function unchangeable(from: Config, to: Config): readonly Problem[] {
  const stuck = fixed.filter(([, value]) => !same(value(from), value(to)))
  return stuck.map(([key]) => ({
    code: 'reload_needs_restart',
    message: `\`${key}\` cannot change while the gateway runs`,
    hint: 'restart the gateway itself to change it',
  }))
}

/** Makes the next fleet, of the members that did not change and of new ones. */
export function planChange(from: Fleet, to: Config, room: WorkerRoom): Change {
  const next = assembleFleet(to, room, from.members, unchanged(from, to))
  const fresh = next.members.filter(({ worker }) => !isIn(from, worker))
  return {
    from,
    next,
    beside: fresh.filter((member) => !takesTurns(member, from)),
    inTurn: fresh.filter((member) => takesTurns(member, from)),
    kept: next.members.filter(({ worker }) => isIn(from, worker)),
    gone: from.members.filter(({ worker }) => !isIn(next, worker)),
  }
}

/** What came of it, in one line. */
export function changeSummary({ beside, inTurn, kept, gone }: Change): string {
  const started = [...beside, ...inTurn]
  if (started.length === 0 && gone.length === 0) return 'configuration reloaded, no worker changed'
  const parts = [
    started.length > 0 ? `started ${names(started)}` : '',
    gone.length > 0 ? `ended ${names(gone)}` : '',
    kept.length > 0 ? `left ${names(kept)} alone` : '',
  ]
  return `configuration reloaded: ${parts.filter((part) => part !== '').join('; ')}`
}

/** Whether a worker is one of a fleet's. */
export function isIn(fleet: Fleet, worker: SupervisedWorker): boolean {
  return fleet.members.some((member) => member.worker === worker)
}

/** `replace = "stop-first"`, now or next: whoever changes the key may not have changed the code yet. */
function takesTurns({ config }: Member, from: Fleet): boolean {
  const before = memberOf(from, config.name)?.config
  if (before === undefined || !isChild(before) || !isChild(config)) return false
  return before.run.replace === 'stop-first' || config.run.replace === 'stop-first'
}

function unchanged(from: Fleet, to: Config): ReadonlySet<string> {
  if (!same(sharedSettings(from.config), sharedSettings(to))) return new Set()
  const alike = to.workers.filter((table) => {
    const before = memberOf(from, table.name)?.config
    return before !== undefined && identity(before) === identity(table)
  })
  return new Set(alike.map(({ name }) => name))
}

/** What every worker is started with besides its own table. */
function sharedSettings(config: Config): unknown {
  return [config.rootPath, config.restart, apiPath(config), identitySettings(config)]
}

/** By what workers learn who asks. */
function identitySettings({ auth }: Config): unknown {
  if (auth === null) return null
  return fingerprintOf(auth.headers)
}

/** A worker's settings without the place they stand at: a comment above it must not restart it. */
function identity(config: WorkerConfig): string {
  return JSON.stringify(config, (key, value: unknown) => (key === 'where' ? undefined : value))
}

function names(members: readonly Member[]): string {
  return members.map(({ worker }) => worker.name).join(', ')
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
