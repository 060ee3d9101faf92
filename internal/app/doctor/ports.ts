/** Whether the gateway could listen where it should, and who is in the way. */

import { createServer } from 'node:net'

import { findGateways, searchPlaces } from '../../admin/find.ts'
import type { HostPort } from '../../config/config.ts'
import { describePortOwner, findPortOwner, nextFreePort } from '../../host/port-owner.ts'
import { instanceHash } from '../../worker/runtime-dir.ts'
import {
  bindProblem,
  listenOn,
  originOfKey,
  shownAddress,
  triedAddress,
  type AddressOrigin,
} from '../bind.ts'
import { found, passed, type Check, type Finding, type Subject } from './finding.ts'

/** One address the gateway listens on. */
interface Place {
  readonly key: string
  readonly listen: HostPort
  /** An address nobody wrote gives way to a socket. */
  readonly givesWay: boolean
}

/** Every address of the configuration. */
export const checkPorts: Check = async (subject) => {
  const { config, env } = subject
  const { gateways } = await findGateways(searchPlaces(env), instanceHash(config.instanceKey))
  const own = new Set(gateways.map(({ pid }) => pid))
  const findings = await Promise.all(placesOf(subject).map((place) => checkPlace(place, subject, own)))
  return findings.flat()
}

function placesOf({ config, originOf }: Subject): readonly Place[] {
  const { admin, metrics, tls } = config
  const places: (Place | null)[] = [
    { key: 'gateway_port', listen: config.listen, givesWay: false },
    config.internalListen.port === 0
      ? null
      : { key: 'internal.listen', listen: config.internalListen, givesWay: false },
    admin.listen === null
      ? null
      : { key: 'admin.listen', listen: admin.listen, givesWay: originOf('admin.listen') === 'default' },
    metrics.listen === null ? null : { key: 'metrics.listen', listen: metrics.listen, givesWay: false },
    tls?.redirectFrom ? { key: 'tls.redirect_from', listen: tls.redirectFrom, givesWay: false } : null,
  ]
  return places.filter((place) => place !== null)
}

/** @param own process ids of running gateways with this configuration */
async function checkPlace(
  place: Place,
  subject: Subject,
  own: ReadonlySet<number>,
): Promise<readonly Finding[]> {
  const { key, listen } = place
  const where = subject.originOf(key)
  const host = key === 'gateway_port' ? 'gateway_host' : key
  const origin = { ...originOfKey(host, where), host: subject.originOf(host) }
  const error = await listenOn(listen, origin, tryOut).catch((reason: unknown) => reason)
  if (error === undefined) return [passed('port', `${shownAddress(listen)} is free (${key})`)]
  if (codeOf(error) !== 'EADDRINUSE') return [unusable(place, error, origin)]
  const tried = triedAddress(error, listen)
  const owner = findPortOwner(tried.host, tried.port)
  if (owner !== null && own.has(owner.pid))
    return [
      passed('port', `${shownAddress(tried)} is held by the running gateway, pid ${owner.pid} (${key})`),
    ]
  const by = owner === null ? 'another program' : describePortOwner(owner)
  const free = await nextFreePort(tried.host, tried.port)
  const other = free === null ? '' : `write ${assignment(key, { ...tried, port: free })}`
  const problem = {
    code: 'port_taken',
    message: `${shownAddress(tried)} (${key}) is taken by ${by}`,
    where,
    hint: place.givesWay
      ? `nothing, a socket in the state directory takes its place; or ${other}`
      : `${owner === null ? 'stop it' : `stop pid ${owner.pid}`}, or ${other}`,
  }
  return [found(problem, place.givesWay ? 'WARN' : 'FAIL')]
}

function assignment(key: string, listen: HostPort): string {
  return key === 'gateway_port'
    ? `gateway_port = ${listen.port}`
    : `${key} = ${JSON.stringify(shownAddress(listen))}`
}

/** Listens for a moment; rejects when that cannot be. */
function tryOut({ host, port }: HostPort): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const server = createServer()
  server.once('error', reject)
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()))
  return promise
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function unusable({ key, listen }: Place, error: unknown, origin: AddressOrigin): Finding {
  if (codeOf(error) !== 'EACCES' || listen.port >= 1024)
    return found(bindProblem(error, listen, origin), 'FAIL')
  return {
    code: 'port_forbidden',
    state: 'FAIL',
    message: `${shownAddress(listen)} (${key}) cannot be listened on: ports below 1024 are for root`,
    where: origin.port,
    fix: `write ${key === 'gateway_port' ? 'gateway_port = 8000' : key}, or grant CAP_NET_BIND_SERVICE`,
  }
}
