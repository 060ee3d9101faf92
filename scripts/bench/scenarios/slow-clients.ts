/** Clients that take their time, in good faith and in bad. */

import { setTimeout as pause } from 'node:timers/promises'

import { capture } from '../../shell/run.mjs'
import type { SlowOptions, SlowResult } from '../load/programs/slow.ts'
import { Task } from '../load/task.ts'
import type { Round } from '../output/results.ts'
import { probeMeasures, whileProbing } from './probing.ts'
import { measured, voided } from './scenario.ts'
import type { Scenario, Stage } from './scenario.ts'

const senders = 500
const readers = 500

/** The longest time until the first burst has passed. */
const calmSeconds = 30

/** Seconds an attack of slowhttptest goes on. */
const attackSeconds = 20

/** The four attacks of slowhttptest(1), each with 1000 connections opened at 200 a second. */
const attacks: Readonly<Record<string, { readonly title: string; readonly flags: readonly string[] }>> = {
  headers: { title: 'slow headers', flags: ['-H', '-i', '5'] },
  body: { title: 'slow body', flags: ['-B', '-i', '5', '-s', '1000000', '-t', 'POST'] },
  read: { title: 'slow read', flags: ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-k', '3'] },
  range: { title: 'range', flags: ['-R', '-a', '10', '-b', '3000', '-t', 'HEAD'] },
}

async function slowClients({ subject, seconds }: Stage): Promise<Round> {
  const options: SlowOptions = { port: subject.port, senders, readers, seconds: Math.max(seconds, 5) }
  const before = await subject.settledBytes(1)
  await using task = new Task<SlowResult>('slow', options)
  await task.ready()
  // On loopback the kernel takes megabytes for every reader at once; what is of interest comes after that.
  await subject.calm(calmSeconds)
  const target = { port: subject.port, isSecure: false }
  const {
    result,
    cpuMicroseconds,
    seconds: took,
  } = await subject.cost(() =>
    whileProbing(target, '/json', options.seconds, async () => {
      // Half-way: every buffer that fills is full.
      await pause(options.seconds * 500)
      const memory = subject.anonymousBytes - before
      return { memory }
    }).then(async (probed) => ({ ...probed, ...(await task.run()) })),
  )
  if (result.complaint !== '') return voided(result.complaint)
  const clients = senders + readers
  if (result.open < clients) return voided(`${clients - result.open} of ${clients} clients were cut off`)
  const memory = result.result.memory / clients / 1024
  return measured({ memory, cpu: (cpuMicroseconds / took / 1e6) * 100, ...result.figures })
}

async function attack({ subject, seconds }: Stage, flags: readonly string[]): Promise<Round> {
  const duration = Math.min(attackSeconds, seconds * 4)
  const target = { port: subject.port, isSecure: false }
  const path = flags.includes('-X') ? '/100mb' : '/json'
  const args = [
    ...flags,
    '-c',
    '1000',
    '-r',
    '200',
    '-l',
    String(duration),
    '-p',
    '3',
    '-u',
    subject.url(path),
  ]
  const work = (): Promise<unknown> => capture('slowhttptest', args)
  const { figures, complaint } = await whileProbing(target, '/json', duration, work)
  return complaint === '' ? measured(figures) : voided(complaint)
}

function attackScenario(name: string, title: string, flags: readonly string[]): Scenario {
  return {
    name: `slowhttp-${name}`,
    title: `slowhttptest, ${title}, 1000 connections`,
    upstream: 'static',
    transport: 'unix',
    field: 'fluxlit',
    abilities: [],
    programs: ['slowhttptest'],
    measures: probeMeasures,
    budgets: [],
    run: (stage) => attack(stage, flags),
  }
}

/** Slow clients beside a probe that wants the small answer within 10 s, every time. */
export const slowScenarios: readonly Scenario[] = [
  {
    name: 'slow-clients',
    title: `${senders} slow senders and ${readers} slow readers`,
    upstream: 'origin',
    transport: 'unix',
    field: 'all',
    abilities: [],
    programs: [],
    measures: [
      { key: 'memory', label: 'memory per client', unit: 'KiB', better: 'lower' },
      { key: 'cpu', label: 'CPU', unit: '%', better: 'lower' },
      ...probeMeasures,
    ],
    budgets: [],
    run: slowClients,
  },
  ...Object.entries(attacks).map(([name, { title, flags }]) => attackScenario(name, title, flags)),
]
