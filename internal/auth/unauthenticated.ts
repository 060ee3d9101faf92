/** What somebody who is not signed in is told: a redirect for people looking at a page, 401 for everything else. */

import type { AccessRule } from '../config/auth-types.ts'
import { failure, type Failure, type FailureFormat } from '../fault/failure.ts'
import type { AccessRequest } from './credential.ts'
import { deny, type Decision } from './decision.ts'

/** Decides. @param lines further field lines of the answer: cookies that are taken back */
export type Unauthenticated = (
  request: AccessRequest,
  how: AccessRule['onUnauthenticated'],
  lines: string,
) => Decision

/** What there is to say. */
export interface SignInRoom {
  /** Where browsers sign in; null = they cannot. */
  readonly startLocation: ((target: string) => string) | null
  /** `WWW-Authenticate` values. */
  readonly challenges: readonly string[]
}

/** First segments, below the mount, of what Streamlit's pages fetch. */
const streamlitOwn = new Set(['_stcore', 'media', 'static', 'component'])

/** Compiles the answers. */
export function compileUnauthenticated({ startLocation, challenges }: SignInRoom): Unauthenticated {
  const said = challenges.map((challenge) => `WWW-Authenticate: ${challenge}\r\n`).join('')
  const reloads = startLocation !== null
  return (request, how, lines) => {
    const kind = answerKind(request, how)
    if (kind === 'redirect' && startLocation !== null && isPageMethod(request))
      return { kind: 'redirect', location: startLocation(request.path + request.query), lines }
    return deny({ ...refusal(kind, request, reloads), lines: said + lines })
  }
}

type AnswerKind = 'redirect' | 'frame' | 'streamlit' | 'problem' | 'plain'

function isPageMethod({ head }: AccessRequest): boolean {
  return head.method === 'GET' || head.method === 'HEAD'
}

/** The rows of the table, from the first to the last. */
function answerKind(
  { exchange, head, worker }: AccessRequest,
  how: AccessRule['onUnauthenticated'],
): AnswerKind {
  const { fetch } = head
  if (exchange.kind === 'websocket') return 'streamlit'
  if (how === '401') return 'plain'
  if (how === 'redirect') return 'redirect'
  if (worker?.kind === 'uvicorn') return 'problem'
  if (worker?.kind === 'streamlit' && streamlitOwn.has(ownSegment(worker.below))) return 'streamlit'
  if (head.authorization !== null || (head.method !== 'GET' && head.method !== 'HEAD')) return 'plain'
  if (fetch.mode === 'navigate') {
    if (fetch.dest === 'document' || fetch.dest === null) return 'redirect'
    return fetch.dest === 'iframe' || fetch.dest === 'frame' ? 'frame' : 'plain'
  }
  if (fetch.mode !== null) return 'plain'
  return fetch.accept.includes('text/html') && !fetch.byScript ? 'redirect' : 'plain'
}

/** Streamlit's pages of an app with several ask below the page they are on: `/page/_stcore/health`. */
function ownSegment(below: readonly string[]): string {
  return below.includes('_stcore') ? '_stcore' : (below[0] ?? '')
}

function refusal(kind: AnswerKind, { exchange }: AccessRequest, reloads: boolean): Failure {
  switch (kind) {
    case 'streamlit':
      // Streamlit's page shows this text to the person.
      return shown(reloads ? 'Your session has ended. Reload this page to sign in again.' : undefined, 'text')
    case 'frame':
      return shown('Signing in does not work inside a frame. Open this page in a tab of its own.', 'html')
    case 'problem':
      return shown(undefined, exchange.kind === 'websocket' ? 'text' : 'problem')
    case 'redirect':
    case 'plain':
      return failure('unauthenticated')
  }
}

function shown(detail: string | undefined, format: FailureFormat): Failure {
  return { ...failure('unauthenticated', detail), format }
}
