import assert from 'node:assert/strict'
import { mock, test } from 'node:test'

import type { AccessRequest } from '../../../internal/auth/credential.ts'
import { deny, type Decision } from '../../../internal/auth/decision.ts'
import { identityOf, type Identity } from '../../../internal/auth/identity.ts'
import { SocketGuard } from '../../../internal/auth/socket-guard.ts'
import type { Passage } from '../../../internal/exchange/exchange.ts'
import { openExchange } from '../../../internal/exchange/exchange.ts'
import { failure } from '../../../internal/fault/failure.ts'
import { readOk } from '../../support/head.ts'

const passage: Passage = {
  workerLines: '',
  authorization: null,
  cookie: null,
  answerLines: '',
  personal: true,
  isOwnCookie: null,
}

function request(): AccessRequest {
  const head = readOk([])
  const exchange = openExchange({
    id: 'x',
    traceId: '',
    traceparent: '',
    tracestate: null,
    kind: 'websocket',
    head,
    method: 'GET',
    path: '/',
    hasQuery: false,
    client: '',
    peer: '',
    scheme: 'https',
    host: 'a',
    forwardedLines: '',
  })
  return { exchange, head, path: '/', query: '', segments: [], readings: [[]], worker: null, internal: false }
}

const alice = (given: Partial<Identity> = {}): Identity =>
  identityOf({ via: 'oidc', subject: 'alice', sessionKey: 'session-of-alice', ...given })

const allow = (identity: Identity): Decision => ({ kind: 'allow', identity, passage })

interface Watched {
  readonly guard: SocketGuard
  readonly dismissed: string[]
}

function watched(): Watched {
  const dismissed: string[] = []
  return { guard: new SocketGuard({ onDismissed: (_request, reason) => dismissed.push(reason) }), dismissed }
}

const noSocket = { dismiss: () => undefined }

test('attack 110, 111: a session that ends takes its sockets with it, and no others', () => {
  const { guard, dismissed } = watched()
  let ended = 0
  const socket = { dismiss: () => (ended += 1) }
  guard.guard(request(), alice(), socket)
  guard.guard(request(), alice(), socket)
  guard.guard(request(), alice({ sessionKey: 'another' }), socket)
  guard.sessionEnded('session-of-alice', 'signed_out')
  assert.equal(ended, 2)
  assert.deepEqual(dismissed, ['signed_out', 'signed_out'])
  assert.equal(guard.size, 1)
  guard.close()
})

test('attack 114: a person that loses a right loses the sockets that needed it, at the change', () => {
  const { guard, dismissed } = watched()
  let may = true
  guard.judgeBy(() => (may ? allow(alice()) : deny(failure('forbidden'))), 30_000)
  guard.guard(request(), alice(), noSocket)
  guard.sessionChanged('session-of-alice')
  assert.deepEqual(dismissed, [])
  may = false
  guard.sessionChanged('session-of-alice')
  assert.deepEqual(dismissed, ['forbidden'])
})

test('attack 112, 113: what expires while a socket is open ends it', (t) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] })
  t.after(() => mock.timers.reset())
  const { guard, dismissed } = watched()
  const identity = alice({ via: 'jwt', sessionKey: null, expiresAt: Date.now() + 10_000 })
  guard.judgeBy(
    () => (Date.now() < (identity.expiresAt ?? 0) ? allow(identity) : deny(failure('invalid_token'))),
    3_600_000,
  )
  guard.guard(request(), identity, noSocket)
  mock.timers.tick(9_000)
  assert.deepEqual(dismissed, [])
  mock.timers.tick(2_000)
  assert.deepEqual(dismissed, ['invalid_token'])
})

test('a store that cannot be asked ends a socket only when it stays away', () => {
  const { guard, dismissed } = watched()
  guard.judgeBy(() => deny(failure('auth_unavailable')), 30_000)
  guard.guard(request(), alice(), noSocket)
  guard.sessionChanged('session-of-alice')
  guard.sessionChanged('session-of-alice')
  assert.deepEqual(dismissed, [])
  guard.sessionChanged('session-of-alice')
  assert.deepEqual(dismissed, ['auth_unavailable'])
})

test('a socket that closed by itself is judged no more, and who judges later finds it gone', async () => {
  const { guard, dismissed } = watched()
  const late = Promise.withResolvers<Decision>()
  guard.judgeBy(() => late.promise, 30_000)
  const release = guard.guard(request(), alice(), noSocket)
  guard.sessionChanged('session-of-alice')
  release()
  late.resolve(deny(failure('forbidden')))
  await late.promise
  guard.sessionEnded('session-of-alice', 'signed_out')
  assert.deepEqual(dismissed, [])
  assert.equal(guard.size, 0)
})

test('a new configuration judges the sockets of the old one', () => {
  const { guard, dismissed } = watched()
  guard.judgeBy(() => allow(alice()), 30_000)
  guard.guard(request(), alice(), noSocket)
  guard.judgeBy(() => deny(failure('forbidden')), 30_000)
  assert.deepEqual(dismissed, ['forbidden'])
})
