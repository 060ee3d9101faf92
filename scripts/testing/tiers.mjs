/** The tiers of tests that node:test runs, and which files belong to them. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodePath } from '../setup/toolchain.mjs'
import { note, repository, SetupError } from '../shell/progress.mjs'
import { filesBelow } from '../shell/stamp.mjs'
import { sum } from './totals.mjs'

/** @typedef {import('./totals.mjs').Totals} Totals */
/** @typedef {{name: string, isolation: 'process' | 'none', concurrency: number, testSeconds: number, tierMinutes: number}} Tier */

/**
 * Limits are there so that nothing hangs, far above what is normal: seconds for one test, minutes for all of a
 * tier. Files of one tier run side by side; a browser with Streamlit behind it wants the machine for itself. Unit
 * tests share a few processes: starting one per file would take longer than the tests. More of them than cores, because
 * some files wait for seconds.
 * @type {readonly Tier[]}
 */
export const tiers = [
  { name: 'unit', isolation: 'none', concurrency: 7, testSeconds: 30, tierMinutes: 5 },
  { name: 'integration', isolation: 'process', concurrency: 2, testSeconds: 120, tierMinutes: 24 },
  { name: 'e2e', isolation: 'process', concurrency: 1, testSeconds: 180, tierMinutes: 12 },
]

/** What was asked for on the command line. */
/** @typedef {{lint: boolean, runs: {tier: Tier, files: string[]}[]}} Selection */

/**
 * @param {readonly string[]} words names of tiers, or parts of the paths of test files; none means everything
 * @param {(tier: string) => string[]} [list] the test files of a tier
 * @returns {Selection}
 * @throws {SetupError} for a word that selects nothing
 */
export function select(words, list = testFiles) {
  const known = tiers.map((tier) => ({ tier, files: list(tier.name) }))
  if (words.length === 0) return { lint: true, runs: known }
  const patterns = words.filter((word) => word !== 'lint')
  for (const word of patterns) {
    if (!known.some(({ tier, files }) => files.some((file) => matches(word, tier, file)))) {
      throw new SetupError(
        `no test matches ${word}`,
        `give lint, ${tiers.map(({ name }) => name).join(', ')}, or a path`,
      )
    }
  }
  const runs = known
    .map(({ tier, files }) => ({
      tier,
      files: files.filter((file) => patterns.some((word) => matches(word, tier, file))),
    }))
    .filter(({ files }) => files.length > 0)
  return { lint: words.includes('lint'), runs }
}

/** @param {string} word @param {Tier} tier @param {string} file */
function matches(word, tier, file) {
  return tiers.some(({ name }) => name === word)
    ? tier.name === word
    : file.includes(word.replace(/^\.\//, ''))
}

/** @param {string} tier */
function testFiles(tier) {
  return filesBelow(`test/${tier}`).filter((file) => file.endsWith('.test.ts'))
}

/**
 * Runs test files with the pinned Node, printing what the runner prints.
 * @param {Tier} tier
 * @param {readonly string[]} files
 * @returns {Promise<Totals>} one failure more than the runner counted when it ended badly by itself
 */
export async function runTier(tier, files) {
  if (files.length === 0) {
    note('no tests yet')
    return { passed: 0, failed: 0, skipped: 0 }
  }
  if (tier.isolation === 'process') return runFiles(tier, files)
  // Files that share a process run one after the other, and much of their time is waiting.
  const shards = Array.from({ length: Math.min(tier.concurrency, files.length) }, (_, shard) =>
    files.filter((_file, index) => index % tier.concurrency === shard),
  )
  return sum(await Promise.all(shards.map((shard) => runFiles(tier, shard))))
}

/** @param {Tier} tier @param {readonly string[]} files @returns {Promise<Totals>} */
async function runFiles(tier, files) {
  const directory = mkdtempSync(join(tmpdir(), 'fl-totals-'))
  const file = join(directory, 'totals.json')
  try {
    const status = await runNode(runnerArguments(tier, files, file), tier.tierMinutes)
    const counted = readTotals(file)
    if (counted === null) return { passed: 0, failed: 1, skipped: 0 }
    return status !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** @param {Tier} tier @param {readonly string[]} files @param {string} totals */
function runnerArguments(tier, files, totals) {
  return [
    '--import',
    'tsx',
    '--test',
    `--test-isolation=${tier.isolation}`,
    // A failed test may leave something behind; its file must end all the same.
    ...(tier.isolation === 'process' ? [`--test-concurrency=${tier.concurrency}`, '--test-force-exit'] : []),
    `--test-timeout=${tier.testSeconds * 1000}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/testing/totals.mjs',
    `--test-reporter-destination=${totals}`,
    ...files,
  ]
}

/** @param {readonly string[]} args @param {number} minutes @returns {Promise<number>} */
function runNode(args, minutes) {
  return new Promise((resolve, reject) => {
    const child = spawn(nodePath(), args, { cwd: repository, stdio: 'inherit' })
    const deadline = setTimeout(() => {
      console.error(`the tier did not end within ${minutes} minutes and is stopped`)
      child.kill('SIGKILL')
    }, minutes * 60_000)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(deadline)
      resolve(code ?? 1)
    })
  })
}

/** @param {string} file @returns {Totals | null} null when the runner did not get that far */
function readTotals(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}
