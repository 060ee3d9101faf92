#!/usr/bin/env node
/**
 * `npm test`: sets up what is missing, then runs every tier: lint, unit, integration, e2e. A tier that fails does
 * not stop the next one; without an executable only lint and unit can run. `npm test -- unit route.test` runs tiers
 * by name and files by a part of their path. The last line holds the totals; exit 1 when anything failed.
 */

import { build } from './build/executable.mjs'
import { setup } from './setup.mjs'
import { paint, report, step } from './shell/progress.mjs'
import { lint } from './testing/checks.mjs'
import { runTier, select } from './testing/tiers.mjs'
import { sentence, sum } from './testing/totals.mjs'

/** @typedef {import('./testing/totals.mjs').Totals} Totals */

/** @param {readonly string[]} words @returns {Promise<number>} exit status */
async function test(words) {
  const selection = select(words)
  await setup({ executable: false })
  const broken = selection.runs.some(needsExecutable) && !(await isBuilt())
  /** @type {[string, Totals][]} */
  const results = broken ? [['build', { passed: 0, failed: 1, skipped: 0 }]] : []
  if (selection.lint) results.push(await announced('lint', lint))
  for (const run of selection.runs.filter((candidate) => !broken || !needsExecutable(candidate))) {
    results.push(await announced(run.tier.name, () => runTier(run.tier, run.files)))
  }
  const total = sum(results.map(([, totals]) => totals))
  console.log(`\n${results.map(([name, totals]) => `${name.padEnd(12)} ${sentence(totals)}`).join('\n')}`)
  console.log(sentence(total))
  return total.failed === 0 ? 0 : 1
}

/** @param {{tier: {name: string}}} run */
function needsExecutable({ tier }) {
  return tier.name !== 'unit'
}

/** A product that does not build is one failure; what can be told without it is still worth knowing. */
async function isBuilt() {
  try {
    await step('dist/fluxlit', () => build())
    return true
  } catch (error) {
    report(error)
    return false
  }
}

/**
 * @param {string} name
 * @param {() => Promise<Totals>} run
 * @returns {Promise<[string, Totals]>}
 */
async function announced(name, run) {
  console.log(`\n${paint('cyan', `== ${name} ==`)}`)
  return [name, await run()]
}

test(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error) => (process.exitCode = report(error)),
)
