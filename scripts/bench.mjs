#!/usr/bin/env node
/**
 * `npm run bench`, `npm run bench:profile`, `npm run soak`: builds the executable unless `--binary` names one, then
 * hands over to scripts/bench with the pinned Node. The exit status is that of what was run.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build/executable.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { installNode, nodePath } from './setup/toolchain.mjs'
import { report, repository, SetupError, step } from './shell/progress.mjs'
import { exitStatus } from './shell/run.mjs'

/** @type {Readonly<Record<string, string>>} */
const programs = { run: 'main.ts', profile: 'profile/main.ts', soak: 'soak/main.ts' }

/** @param {readonly string[]} words which program, then its arguments @returns {Promise<number>} exit status */
async function bench([name = '', ...args]) {
  const program = programs[name]
  if (program === undefined) throw new SetupError(`write one of ${Object.keys(programs).join(', ')} first`)
  if (process.platform !== 'linux')
    throw new SetupError('the bench reads /proc and pins processes: it needs Linux')
  await step('npm packages', installDependencies)
  await step('pinned Node', () => installNode())
  if (!args.some((arg) => /^--(binary|help|list)\b/.test(arg))) await step('dist/fluxlit', () => build())
  return await run(join('scripts', 'bench', program), args)
}

/** @param {string} file @param {readonly string[]} args @returns {Promise<number>} */
function run(file, args) {
  const child = spawn(nodePath(), [file, ...args], { cwd: repository, stdio: 'inherit' })
  // A terminal's Ctrl-C reaches the child by itself; it ends what it started and tells what it has.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(exitStatus(code, signal)))
  })
}

bench(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error) => (process.exitCode = report(error)),
)
