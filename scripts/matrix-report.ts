/**
 * Tries every case of the byte matrix in every place and every delivery, shows the requests to nginx and HAProxy, and
 * writes docs/matrix.md. Exit status 1 when something did not come out as required. `npm run matrix` prepares it.
 *
 *   node --import tsx scripts/matrix-report.ts
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { AnswerCase } from '../test/matrix/answer-case.ts'
import { answerCases } from '../test/matrix/answers.ts'
import { binaryPlace } from '../test/matrix/binary-place.ts'
import type { RequestCase } from '../test/matrix/case.ts'
import { requestCases } from '../test/matrix/cases.ts'
import { deliveries } from '../test/matrix/delivery.ts'
import { judgeAnswer } from '../test/matrix/judge-answer.ts'
import { judge } from '../test/matrix/judge.ts'
import { peerPlace, peerVerdict } from '../test/matrix/peers.ts'
import type { Peer, PeerVerdict } from '../test/matrix/peers.ts'
import { sourcePlace } from '../test/matrix/place.ts'
import { uvicornPlace } from '../test/matrix/uvicorn.ts'
import type { Cleanup } from '../test/support/cleanup.ts'
import { answerPlaces, page, requestPlaces } from './matrix/page.ts'
import type { Verdicts } from './matrix/page.ts'

const peers: readonly Peer[] = ['nginx', 'haproxy']

async function verdictsOn<Case extends RequestCase | AnswerCase>(
  name: string,
  cases: readonly Case[],
  verdict: (item: Case, how: (typeof deliveries)[number]) => Promise<string | null>,
): Promise<Verdicts> {
  const found = new Map<string, (string | null)[]>()
  for (const how of deliveries) {
    for (const item of cases) found.set(item.id, [...(found.get(item.id) ?? []), await verdict(item, how)])
  }
  const failed = [...found.values()].flat().filter((wrong) => wrong !== null).length
  console.log(`${name}: ${cases.length} cases, ${deliveries.length} ways each, ${failed} not as required`)
  return found
}

async function tryRequests(t: Cleanup): Promise<readonly Verdicts[]> {
  const places = [
    await sourcePlace(t),
    await uvicornPlace(t, 'httptools'),
    await uvicornPlace(t, 'h11'),
    await binaryPlace(t),
  ]
  const all: Verdicts[] = []
  for (const [index, place] of places.entries()) {
    all.push(
      await verdictsOn(`requests, ${requestPlaces[index]}`, requestCases, (item, how) =>
        judge(place, item, how),
      ),
    )
  }
  return all
}

async function tryAnswers(t: Cleanup): Promise<readonly Verdicts[]> {
  const all: Verdicts[] = []
  for (const [index, place] of [await sourcePlace(t), await binaryPlace(t)].entries()) {
    all.push(
      await verdictsOn(`answers, ${answerPlaces[index]}`, answerCases, (item, how) =>
        judgeAnswer(place, item, how),
      ),
    )
  }
  return all
}

async function askPeer(t: Cleanup, peer: Peer): Promise<ReadonlyMap<string, PeerVerdict>> {
  const place = await peerPlace(t, peer)
  const found = new Map<string, PeerVerdict>()
  for (const item of requestCases) {
    // Where the gateway needs a setting of its own there is nothing to compare.
    if ((item.setting ?? 'plain') === 'plain') found.set(item.id, await peerVerdict(place, item))
  }
  return found
}

function tell(all: readonly Verdicts[], names: readonly string[]): number {
  let failed = 0
  for (const [index, verdicts] of all.entries()) {
    for (const [id, wrong] of verdicts) {
      const first = wrong.find((text) => text !== null)
      if (first === undefined) continue
      failed += 1
      console.error(`${id} at ${names[index]}: ${first}`)
    }
  }
  return failed
}

async function main(t: Cleanup): Promise<void> {
  const requests = await tryRequests(t)
  const answers = await tryAnswers(t)
  const asked: ReadonlyMap<string, PeerVerdict>[] = []
  for (const peer of peers) asked.push(await askPeer(t, peer))
  writeFileSync(
    join(import.meta.dirname, '..', 'docs', 'matrix.md'),
    page({ requests, answers, peers: asked }),
  )
  const failed = tell(requests, requestPlaces) + tell(answers, answerPlaces)
  console.log(`wrote docs/matrix.md, ${failed} cases not as required`)
  process.exitCode = failed === 0 ? 0 : 1
}

const endings: (() => void | Promise<void>)[] = []
try {
  await main({ after: (ending) => void endings.push(ending) })
} finally {
  for (const ending of endings) await ending()
}
