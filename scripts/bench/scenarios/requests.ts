/** Small and middle-sized answers, as many as go through: what a request costs. */

import { wrk } from '../load/wrk.ts'
import type { WrkOptions, WrkResult } from '../load/wrk.ts'
import { bearerToken } from '../token.ts'
import type { Budget, Measure, Round } from '../output/results.ts'
import { cpuPer, measured, voided } from './scenario.ts'
import type { Scenario, Stage } from './scenario.ts'

/** Keep-alive connections of every scenario here. */
const connections = 64

/** Seconds of the same load before anything is measured: compilers and pools come to rest. */
const warmUpSeconds = 5

/** Fewer requests than this in a round say more about the machine than about a proxy. */
const leastRequestsPerSecond = 200

const measures: readonly Measure[] = [
  cpuPer('request'),
  { key: 'throughput', label: 'throughput', unit: 'requests/s', better: 'higher' },
  { key: 'p99', label: 'p99 at saturation', unit: 'ms', better: 'lower' },
]

/** Why a figure of this load would mislead, null when it would not. */
export function objection({ requests, seconds, refused, broken }: WrkResult): string | null {
  if (refused > 0) return `${refused} of ${requests} answers were not 2xx`
  if (broken > 0) return `${broken} connections failed or waited too long`
  if (requests < leastRequestsPerSecond * seconds) return `only ${requests} requests in ${seconds} s`
  return null
}

/** What is said with every request. */
type Saying = Pick<WrkOptions, 'varied' | 'bearer'>

async function run({ subject, seconds }: Stage, path: string, saying: Saying): Promise<Round> {
  const load = { url: subject.url(path), connections, ...saying }
  await wrk({ ...load, seconds: warmUpSeconds })
  const { result, cpuMicroseconds } = await subject.cost(() => wrk({ ...load, seconds }))
  const reason = objection(result)
  if (reason !== null) return voided(reason)
  return measured({
    cpu: cpuMicroseconds / result.requests,
    throughput: result.requests / result.seconds,
    p99: result.p99,
  })
}

function scenario(
  rest: Pick<Scenario, 'name' | 'title'> & Partial<Scenario>,
  path: string,
  budget: Omit<Budget, 'kind' | 'measure'> | null,
  saying: () => Saying = () => ({}),
): Scenario {
  return {
    upstream: 'static',
    transport: 'unix',
    field: 'all',
    abilities: [],
    programs: ['wrk'],
    measures,
    budgets: budget === null ? [] : [{ kind: 'ratio', measure: 'cpu', ...budget }],
    run: (stage) => run(stage, path, saying()),
    ...rest,
  }
}

/** GETs over 64 kept-alive connections, closed loop. */
export const requestScenarios: readonly Scenario[] = [
  scenario({ name: 'json-unix', title: 'Small JSON, Unix socket upstream' }, '/json', {
    limit: 1.4,
    goal: 1,
  }),
  scenario({ name: 'json-tcp', title: 'Small JSON, TCP upstream', transport: 'tcp' }, '/json', {
    limit: 1.4,
    goal: 1,
  }),
  scenario(
    { name: 'json-varied', title: 'Small JSON, Unix socket upstream, no two requests alike' },
    '/json',
    { limit: 1.4, goal: 1 },
    () => ({ varied: true }),
  ),
  scenario(
    { name: 'json-jwt', title: 'Small JSON with a token, which FluxLit alone checks', tokens: true },
    '/json',
    { limit: 1.6, goal: 1.2 },
    () => ({ bearer: bearerToken() }),
  ),
  scenario({ name: 'json-64k', title: '64 KiB JSON' }, '/large.json', null),
  scenario({ name: 'json-log', title: 'Small JSON, JSON access log on', abilities: ['log'] }, '/json', {
    limit: 1.5,
    goal: 1,
  }),
  scenario({ name: 'json-tls', title: 'Small JSON over TLS', abilities: ['tls'] }, '/json', null),
]
