/**
 * One WebSocket, stage by stage:
 * `accept -> identify -> route -> origin -> admit -> connect -> agree -> splice -> settle`.
 */

import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Exchange } from '../exchange/exchange.ts'
import { readHead, type Head, type WebSocketOffer } from '../exchange/head.ts'
import { identify, identifyRefused } from '../exchange/identify.ts'
import { failure, isFailure, type Failure } from '../fault/failure.ts'
import { outgoingHead } from '../proxy/outgoing.ts'
import { splice } from '../proxy/splice.ts'
import { wasNeverSent } from '../proxy/translate.ts'
import { Upstream } from '../proxy/upstream.ts'
import { hostName } from '../route/table.ts'
import { readTarget } from '../route/target.ts'
import { refuseSocket } from './answer.ts'
import { refuseForeignPage } from './internal.ts'
import { isHiddenFromOutside } from './streamlit.ts'
import type { Backend } from './backend.ts'
import type { RequestDeps } from './deps.ts'

interface Upgrading {
  readonly deps: RequestDeps
  readonly exchange: Exchange
  readonly head: Head
  readonly offer: WebSocketOffer
  readonly client: Socket
  readonly early: Buffer
}

/** Handles one handshake and the socket that comes of it. Never throws. */
export function upgrade(deps: RequestDeps, request: IncomingMessage, client: Duplex, early: Buffer): void {
  if (!(client instanceof Socket)) return void client.destroy()
  const by = deps.identification(client)
  const head = readHead(request, deps.config.limits)
  const exchange = isFailure(head) ? identifyRefused(request, by) : identify(head, 'websocket', by)
  client.once('close', () => settle(deps, exchange))
  if (isFailure(head)) return refuseSocket(exchange, client, head)
  if (head.websocket === null) return refuseSocket(exchange, client, failure('bad_upgrade'))
  try {
    routeUpgrade({ deps, exchange, head, offer: head.websocket, client, early })
  } catch (error) {
    refuseSocket(exchange, client, { ...failure('internal'), cause: error })
  }
}

function routeUpgrade(upgrading: Upgrading): void {
  const { deps, exchange, head, client } = upgrading
  const target = readTarget(head.target, { method: head.method, host: head.host, scheme: exchange.scheme })
  if (isFailure(target)) return refuseSocket(exchange, client, target)
  if (target.kind === 'server') return refuseSocket(exchange, client, failure('bad_target'))
  const route = deps.routes(target, exchange.host)
  if (isFailure(route)) return refuseSocket(exchange, client, route)
  if (route.kind !== 'worker') return refuseSocket(exchange, client, failure('route_not_found'))
  const backend = deps.backends[route.index]
  if (backend === undefined || backend.config.kind === 'static') {
    return refuseSocket(exchange, client, failure('route_not_found'))
  }
  exchange.route = backend.config.name
  if (!deps.internal && backend.config.kind === 'streamlit' && isHiddenFromOutside(route.below)) {
    return refuseSocket(exchange, client, failure('not_public'))
  }
  const refusal = refuseStranger(upgrading)
  if (refusal !== null) return refuseSocket(exchange, client, refusal)
  admit(upgrading, backend, backend.pathFor(target, route.rootSegments, route.mountSegments))
}

/** Host and Origin are checked before the worker hears of the handshake. */
function refuseStranger({ deps, exchange, head }: Upgrading): Failure | null {
  const foreign = refuseForeignPage(deps, head)
  if (deps.internal || foreign !== null) return foreign
  if (deps.allowedHosts !== null && !deps.allowedHosts.has(hostName(exchange.host)))
    return failure('misdirected_host')
  return deps.origins(head.origin, exchange.host) ? null : failure('bad_origin')
}

function admit(upgrading: Upgrading, backend: Backend, path: string): void {
  const { exchange, client } = upgrading
  const since = performance.now()
  const refused = new Set<Upstream>()
  const again = (upstream: Upstream, reason: Failure, error: unknown): void => {
    // As for any request: what was refused took nothing with it.
    if (!wasNeverSent(error) || performance.now() - since >= backend.holdMs) {
      return refuseSocket(exchange, client, reason)
    }
    refused.add(upstream)
    void backend.readmit(refused, client).then(go)
  }
  const go = (outcome: Upstream | Failure): void => {
    if (client.destroyed) return
    if (outcome instanceof Upstream) {
      connect(upgrading, backend, outcome, path, (reason, error) => again(outcome, reason, error))
    } else refuseSocket(exchange, client, outcome)
  }
  // A socket is never a page load: it waits.
  const admission = backend.admit(false, client)
  if (!(admission instanceof Promise)) return go(admission)
  void admission.then((outcome) => {
    exchange.heldMs = performance.now() - since
    go(outcome)
  })
}

function connect(
  upgrading: Upgrading,
  backend: Backend,
  upstream: Upstream,
  path: string,
  onFailure: (reason: Failure, error: unknown) => void,
): void {
  const { deps, exchange, head, offer, client, early } = upgrading
  const { timeouts } = deps.config
  exchange.worker = backend.config.name
  splice({
    exchange,
    offer,
    client,
    early,
    address: upstream.address,
    path,
    headers: outgoingHead(exchange, head, backend.rules),
    connectMs: timeouts.connectMs,
    handshakeMs: timeouts.responseHeadersMs,
    idleMs: timeouts.websocketIdleMs,
    onOpen: (tunnel) => backend.hold(tunnel, upstream, client),
    onFailure,
  })
}

function settle(deps: RequestDeps, exchange: Exchange): void {
  if (exchange.settled) return
  exchange.settled = true
  if (exchange.status === 0) {
    exchange.status = 499
    exchange.reason = 'client_closed'
  }
  deps.accessLog(exchange)
}
