/** The lint tier: what is checked without running the product. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodePath } from '../setup/toolchain.mjs'
import { paint, repository } from '../shell/progress.mjs'
import { show } from '../shell/run.mjs'

/** @typedef {{title: string, program: string, args: readonly string[]}} Check */

/** @returns {readonly Check[]} in the order they run */
export function checks() {
  const reference = 'scripts/config-reference.ts'
  const list = [
    { title: 'types (tsc)', program: tool('tsc'), args: ['-p', '.'] },
    { title: 'types of the status page (tsc)', program: tool('tsc'), args: ['-p', 'internal/admin/page'] },
    {
      title: 'lint (oxlint, with types)',
      program: tool('oxlint'),
      args: ['--type-aware', '--deny-warnings'],
    },
    { title: 'format (oxfmt)', program: tool('oxfmt'), args: ['--check', '.'] },
  ]
  if (!existsSync(join(repository, reference))) return list
  const args = ['--import', 'tsx', reference, '--check']
  return [...list, { title: 'configuration reference', program: nodePath(), args }]
}

/**
 * Runs all checks, also after a failure.
 * @returns {Promise<import('./totals.mjs').Totals>} each check counts as one
 */
export async function lint() {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  for (const { title, program, args } of checks()) {
    const status = await show(program, args)
    console.log(`${status === 0 ? paint('green', '✔') : paint('red', '✖')} ${title}`)
    totals[status === 0 ? 'passed' : 'failed'] += 1
  }
  return totals
}

/** @param {string} name */
function tool(name) {
  return join(repository, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name)
}
