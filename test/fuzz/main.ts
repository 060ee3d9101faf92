/**
 * `npm run fuzz -- [--minutes N] [--seed S] [--side request|answer] [--index I]`: our HTTP/1.1 engine beside llhttp.
 * Prints the seed, and for what it finds the case's number and the shortest bytes that show it; exit 1 then.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Campaign, type Finding, type Side } from './campaign.ts'
import { AnswerReader } from './engine-answers.ts'

/** Cases between two looks at the clock; answers need sockets and take longer. */
const batches: readonly (readonly [Side, number])[] = [
  ['request', 500],
  ['answer', 150],
]
const reportMs = 30_000

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      side: { type: 'string' },
      index: { type: 'string' },
    },
  })
  const directory = mkdtempSync(join(tmpdir(), 'fl-fuzz-'))
  const reader = new AnswerReader(join(directory, 'w.sock'))
  await reader.open()
  try {
    console.log(`seed ${values.seed}`)
    const campaign = new Campaign(Number(values.seed), reader)
    const chosen = batches.filter(([side]) => values.side === undefined || values.side === side)
    const finding =
      values.index === undefined
        ? await keepOn(campaign, chosen, Number(values.minutes) * 60_000)
        : await single(campaign, chosen, Number(values.index))
    if (finding !== null) print(finding)
    return finding === null ? 0 : 1
  } finally {
    reader.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function keepOn(campaign: Campaign, chosen: typeof batches, ms: number): Promise<Finding | null> {
  const begin = performance.now()
  let reported = begin
  for (let round = 0; performance.now() - begin < ms; round += 1) {
    for (const [side, size] of chosen) {
      const finding = await campaign.run(side, round * size, (round + 1) * size)
      if (finding !== null) return finding
    }
    if (performance.now() - reported < reportMs) continue
    reported = performance.now()
    console.log(JSON.stringify(campaign.tallies))
  }
  console.log(`nothing found: ${JSON.stringify(campaign.tallies)}`)
  return null
}

async function single(campaign: Campaign, chosen: typeof batches, index: number): Promise<Finding | null> {
  for (const [side] of chosen) {
    const finding = await campaign.case(side, index)
    if (finding !== null) return finding
  }
  return null
}

function print({ side, seed, index, wrong, bytes }: Finding): void {
  console.error(`found: ${wrong}`)
  console.error(`shortest: ${JSON.stringify(bytes)}`)
  console.error(`again: npm run fuzz -- --seed ${seed} --side ${side} --index ${index}`)
}

process.exitCode = await main()
