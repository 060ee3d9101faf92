/** A proxy in front of an upstream, for one measurement. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { freePort, Program } from './measure/program.ts'
import { Subject } from './measure/subject.ts'
import type { Certificate, Peer } from './peers/peer.ts'
import type { Scenario, StartedSubject } from './scenarios/scenario.ts'
import { bearerToken } from './token.ts'
import type { Upstream } from './upstream/upstream.ts'

/** Where a proxy stands. */
export interface Place {
  /** What it decides about the proxy: the upstream's transport, TLS, the access log. */
  readonly scenario: Pick<Scenario, 'transport' | 'abilities' | 'tokens'>
  readonly upstream: Upstream
  /** Given a directory below it for every proxy. */
  readonly directory: string
  readonly certificate: Certificate | null
  /** Core it is pinned to. */
  readonly core: number
}

/** A proxy that does not answer by then never will. */
const answerSeconds = 20

/**
 * Starts a proxy as the scenario wants it and waits until a request through it is answered with 200.
 * @param name of its directory
 * @throws Error with its last output when it does not come to that
 */
export async function launch(peer: Peer, place: Place, name: string): Promise<StartedSubject> {
  const { scenario, upstream, certificate, core } = place
  const directory = join(place.directory, name)
  mkdirSync(directory, { recursive: true })
  const tls = scenario.abilities.includes('tls') ? certificate : null
  const port = await freePort()
  const { command, env } = peer.invocation({
    upstream: upstream[scenario.transport],
    port,
    directory,
    accessLog: scenario.abilities.includes('log'),
    tls,
    tokens: scenario.tokens === true,
  })
  const start = performance.now()
  const program = new Program({ command, log: join(directory, 'log'), cores: String(core), env: env ?? {} })
  try {
    await program.listening({ kind: 'tcp', host: '127.0.0.1', port })
    const listeningMs = performance.now() - start
    const subject = new Subject(port, tls !== null, program, directory)
    await answering(subject)
    return { subject, listeningMs, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
}

/** The upstream itself in the place of a proxy. */
export function noProxy({ upstream }: Place): StartedSubject {
  if (upstream.tcp.kind !== 'tcp') throw new Error('the upstream has no port')
  const subject = new Subject(upstream.tcp.port, false, null)
  return { subject, listeningMs: 0, [Symbol.asyncDispose]: () => Promise.resolve() }
}

async function answering(subject: Subject): Promise<void> {
  const deadline = performance.now() + answerSeconds * 1000
  for (;;) {
    const said = await statusOf(subject)
    if (said === '200') return
    if (performance.now() > deadline) {
      throw new Error(`it answers ${said}: ${subject.program?.lastWords ?? ''}`)
    }
    await pause(20)
  }
}

/** The status of a small request, or why there is none. */
async function statusOf(subject: Subject): Promise<string> {
  // The certificate is our own; fetch has no way to be told so.
  if (subject.isSecure) return await secureStatusOf(subject)
  try {
    const answer = await fetch(subject.url('/json'), {
      headers: { authorization: `Bearer ${bearerToken()}` },
    })
    await answer.arrayBuffer()
    return String(answer.status)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function secureStatusOf(subject: Subject): Promise<string> {
  const { request } = await import('node:https')
  return await new Promise((resolve) => {
    const asked = request(subject.url('/json'), { rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(String(answer.statusCode)))
    })
    asked.once('error', (error) => resolve(error.message)).end()
  })
}
