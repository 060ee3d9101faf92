/** docs/matrix.md: introduction, a table per group, and the exceptions. */

import { spawnSync } from 'node:child_process'

import { answerCases } from '../../test/matrix/answers.ts'
import { groups, requestCases } from '../../test/matrix/cases.ts'
import { deliveries } from '../../test/matrix/delivery.ts'
import { exceptions } from '../../test/matrix/exceptions.ts'
import type { PeerVerdict } from '../../test/matrix/peers.ts'
import { answerRow, requestRow, resultCells, safe, tableHead } from './table.ts'

/** Verdicts of one place: per case, per delivery. */
export type Verdicts = ReadonlyMap<string, readonly (string | null)[]>

/** Where requests are tried, as headings. */
export const requestPlaces = ['Gateway', 'Uvicorn, httptools', 'Uvicorn, h11', 'Executable'] as const
/** Where answers are tried. */
export const answerPlaces = ['Gateway', 'Executable'] as const

/** Everything that was found out. */
export interface Findings {
  readonly requests: readonly Verdicts[]
  readonly answers: readonly Verdicts[]
  /** What nginx and HAProxy made of the requests, in this order. */
  readonly peers: readonly ReadonlyMap<string, PeerVerdict>[]
}

/** The whole page. */
export function page({ requests, answers, peers }: Findings): string {
  const sections = groups.map(({ title, cases }) => {
    const rows = cases.map((item) => {
      const places = requests.map((verdicts) => verdicts.get(item.id) ?? [])
      const result = { places, peers: peers.map((verdicts) => verdicts.get(item.id) ?? null) }
      return requestRow(item) + resultCells(result, item.source)
    })
    const head = tableHead(['', 'sent', 'required', ...requestPlaces, 'nginx', 'HAProxy', 'source'])
    return `## ${title}\n\n${head}\n${rows.join('\n')}\n`
  })
  const answerRows = answerCases.map((item) => {
    const places = answers.map((verdicts) => verdicts.get(item.id) ?? [])
    return answerRow(item) + resultCells({ places, peers: [] }, item.source)
  })
  const answerHead = tableHead([
    '',
    "the worker's answer",
    'required at the client',
    ...answerPlaces,
    'source',
  ])
  return [
    introduction(),
    ...sections,
    `## Answers of workers\n\n${answerHead}\n${answerRows.join('\n')}\n`,
    `## Laxer than a peer\n\n${exceptionTable()}\n`,
  ].join('\n')
}

function introduction(): string {
  return `# Byte matrix

What the gateway makes of ${requestCases.length} requests and ${answerCases.length} answers, byte for byte. Written by \`npm run matrix\`; the exact bytes
are in \`test/matrix\`, and the tests hold the gateway to them.

Every case is tried in ${deliveries.length} ways: in one write, one byte per write, and cut at every CR and every LF. A tick
stands for each of them, in this order. After each case the same connection is used again, and must be closed where
the table says so; another connection must still get its own answers.

* *refused* means: this status, \`Connection: close\`, the end of the connection, and not a byte at the worker.
* *passed on* means: exactly this request at the worker, no field more and none less, with the fields the gateway
  itself adds.
* *Gateway* and *Executable* stand in front of a worker that records every byte; *Uvicorn* is the real one, with both of
  its parsers, and its view is compared in the same way.
* *nginx* (${version('nginx', /nginx\/(\S+)/)}) and *HAProxy* (${version('haproxy', /version (\S+?)-/)}) are shown the same bytes, in front of the same worker: the status they refuse
  with, *closes* for no answer at all, or *passes*.
`
}

function exceptionTable(): string {
  const rows = exceptions.map(({ id, peer, reason }) => `| ${id} | ${peer} | ${safe(reason)} |`)
  return `${tableHead(['', 'who refuses it', 'why the gateway does not'])}\n${rows.join('\n')}`
}

function version(program: string, pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, ['-v'], { encoding: 'utf8' })
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown version'
}
