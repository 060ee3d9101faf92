/** The stage `authorize` in the request path: what is asked, and what becomes of the answer. */

import type { Authorize } from '../auth/authorize.ts'
import type { AccessRequest } from '../auth/credential.ts'
import type { Decision } from '../auth/decision.ts'
import type { GatewayAnswer } from '../auth/endpoints.ts'
import type { Throttle } from '../auth/throttle.ts'
import { failure, isFailure, type Failure } from '../fault/failure.ts'
import type { PathTarget } from '../route/target.ts'
import { answerGateway, answerSignIn, refuse } from './answer.ts'
import type { WorkerRoute } from './attempt.ts'
import type { Backend } from './backend.ts'
import { readBody } from './body-reading.ts'
import type { Handling } from './handling.ts'

/** The request as authorisation sees it. */
export function accessRequest(
  handling: Handling,
  { config }: Backend,
  target: PathTarget,
  route: WorkerRoute,
): AccessRequest {
  const worker = { name: config.name, kind: config.kind, below: route.below }
  return { ...requestBelow(handling, target, route.rootSegments), worker }
}

function requestBelow(
  { deps, exchange, head }: Handling,
  target: PathTarget,
  rootSegments: number,
): AccessRequest {
  const { segments, alternatives } = target
  const below = (reading: readonly string[]): readonly string[] =>
    rootSegments === 0 ? reading : reading.slice(rootSegments)
  const first = below(segments)
  return {
    exchange,
    head,
    path: target.raw,
    query: target.query,
    segments: first,
    readings: alternatives.length === 0 ? [first] : [first, ...alternatives.map(below)],
    worker: null,
    internal: deps.internal,
  }
}

/** Does what was decided, now or when it has been. */
export function enforce(
  handling: Handling,
  request: AccessRequest,
  authorize: Authorize,
  pass: () => void,
): void {
  const decided = authorize(request)
  if (!(decided instanceof Promise)) return follow(handling, request, decided, pass)
  later(handling, decided, (decision) => follow(handling, request, decision, pass))
}

function follow(handling: Handling, request: AccessRequest, decision: Decision, pass: () => void): void {
  const { deps, exchange, transaction } = handling
  switch (decision.kind) {
    case 'allow':
      exchange.passage = decision.passage
      exchange.user = decision.identity === null ? null : deps.userName(decision.identity.subject)
      if (exchange.kind === 'websocket' && decision.identity !== null)
        handling.guarded = { request, identity: decision.identity }
      if (deps.throttle?.by !== 'user') return pass()
      return withinRate(handling, deps.throttle, decision.identity?.subject ?? null, pass)
    case 'redirect':
      return answerSignIn(exchange, transaction, decision.location, decision.lines)
    case 'preflight':
      return answerGateway(exchange, transaction, 200, decision.lines, '')
    case 'deny':
      return refuse(exchange, transaction, decision.failure)
  }
}

/** Goes on unless whoever asks has to wait. @param user null = nobody who is known */
export function withinRate(
  handling: Handling,
  throttle: Throttle,
  user: string | null,
  go: () => void,
): void {
  const { exchange, transaction } = handling
  const goOrRefuse = (tired: Failure | null): void =>
    tired === null ? go() : refuse(exchange, transaction, tired)
  const found = throttle.refuse(exchange.client, user)
  if (found instanceof Promise) later(handling, found, goOrRefuse)
  else goOrRefuse(found)
}

/** Answers a path that the gateway has reserved for signing in and out. */
export function answerEndpoint(handling: Handling, target: PathTarget, rootSegments: number): void {
  const { deps, exchange, head, transaction } = handling
  handling.enter('auth')
  if (deps.endpoints === null || head.websocket !== null)
    return refuse(exchange, transaction, failure('route_not_found'))
  const answer = deps.endpoints.answer(requestBelow(handling, target, rootSegments), (maxBytes) =>
    readBody(transaction, head, maxBytes),
  )
  if (answer instanceof Promise) later(handling, answer, (given) => give(handling, given))
  else give(handling, answer)
}

function give({ exchange, transaction }: Handling, answer: GatewayAnswer | Failure): void {
  if (isFailure(answer)) refuse(exchange, transaction, answer)
  else answerGateway(exchange, transaction, answer.status, answer.lines, answer.body)
}

/** Goes on when something is known, unless the client has left meanwhile. */
function later<T>({ exchange, transaction }: Handling, known: Promise<T>, go: (value: T) => void): void {
  known
    .then((value) => {
      if (!transaction.done) go(value)
    })
    .catch((error: unknown) => {
      if (!transaction.done) refuse(exchange, transaction, { ...failure('internal'), cause: error })
    })
}
