/** Whether the gateway could listen where it should, and who is in the way. */

import { createServer } from 'node:net'

import { findGateways, searchPlaces } from '../../admin/find.ts'
import type { HostPort } from '../../config/config.ts'
import { describePortOwner, findPortOwner, nextFreePort } from '../../host/port-owner.ts'
import { instanceHash } from '../../worker/runtime-dir.ts'
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
  const code = await bind(listen)
  if (code === null) return [passed('port', `${shown(listen)} is free (${key})`)]
  const where = subject.originOf(key)
  if (code !== 'EADDRINUSE') return [unusable(place, code, where)]
  const owner = findPortOwner(listen.host, listen.port)
  if (owner !== null && own.has(owner.pid))
    return [passed('port', `${shown(listen)} is held by the running gateway, pid ${owner.pid} (${key})`)]
  const by = owner === null ? 'another program' : describePortOwner(owner)
  const free = await nextFreePort(listen.host, listen.port)
  const other = free === null ? '' : `write ${assignment(key, { ...listen, port: free })}`
  const problem = {
    code: 'port_taken',
    message: `${shown(listen)} (${key}) is taken by ${by}`,
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
    : `${key} = ${JSON.stringify(shown(listen))}`
}

/** Null when it can be listened on, else why not. */
function bind({ host, port }: HostPort): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const server = createServer()
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  return promise
}

function unusable({ key, listen }: Place, code: string, where: string): Finding {
  const isLow = code === 'EACCES' && listen.port < 1024
  const reason = isLow ? 'ports below 1024 are for root' : code
  const fix = isLow
    ? `write ${key === 'gateway_port' ? 'gateway_port = 8000' : key}, or grant CAP_NET_BIND_SERVICE`
    : `correct ${key}: it has to be an address of this machine`
  return {
    code: isLow ? 'port_forbidden' : 'bind_failed',
    state: 'FAIL',
    message: `${shown(listen)} (${key}) cannot be listened on: ${reason}`,
    where,
    fix,
  }
}

function shown({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
