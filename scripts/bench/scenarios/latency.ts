/** What a hop adds to the time an answer takes while nobody is near saturation. */

import type { RequestsOptions, RequestsResult } from '../load/programs/requests.ts'
import { Task } from '../load/task.ts'
import { wrk } from '../load/wrk.ts'
import type { Round } from '../output/results.ts'
import { measured, voided } from './scenario.ts'
import type { Scenario, Stage } from './scenario.ts'

const connections = 64

/** Half of what FluxLit can do here and now, in requests per second. Everybody then gets this rate. */
async function halfLoad({ subject }: Stage): Promise<number> {
  const url = subject.url('/json')
  await wrk({ url, connections, seconds: 2 })
  const { requests, seconds } = await wrk({ url, connections, seconds: 3 })
  return Math.round(requests / seconds / 2)
}

async function run(stage: Stage): Promise<Round> {
  await paced(stage, 1)
  const { sent, ok, p50, p99, reason } = await paced(stage, stage.seconds)
  if (ok < sent) return voided(`${sent - ok} of ${sent} requests failed: ${reason}`)
  return measured({ p99, p50, rate: sent / stage.seconds })
}

async function paced({ subject, calibrated }: Stage, seconds: number): Promise<RequestsResult> {
  const target = { port: subject.port, isSecure: false }
  const options: RequestsOptions = { target, path: '/json', rate: calibrated, connections, seconds }
  await using task = new Task<RequestsResult>('requests', options)
  await task.ready()
  return await task.run()
}

/** p99 at half load, beside the p99 without any proxy: what is added is the difference. */
export const latencyScenario: Scenario = {
  name: 'latency',
  title: 'Latency at half load, Unix socket upstream (direct: TCP, no proxy)',
  upstream: 'static',
  transport: 'unix',
  field: 'all and direct',
  abilities: [],
  programs: ['wrk'],
  measures: [
    { key: 'p99', label: 'p99', unit: 'ms', better: 'lower' },
    { key: 'p50', label: 'p50', unit: 'ms', better: 'lower' },
    { key: 'rate', label: 'rate', unit: 'requests/s', better: 'higher' },
  ],
  // The contract's budget is for what is added to direct.
  budgets: [{ kind: 'added', measure: 'p99', limit: 1, goal: 0.3 }],
  calibrate: halfLoad,
  run,
}
