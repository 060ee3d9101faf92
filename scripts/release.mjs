#!/usr/bin/env node
/**
 * `npm run release`: sets up what is missing, then makes every file of a release with the pinned Node, whose own
 * libraries compress them; scripts/release/options.ts has the options. The exit status is 1 when something is wrong,
 * and then no file of an earlier release was touched.
 */

import { installDependencies } from './setup/dependencies.mjs'
import { installNode, nodePath } from './setup/toolchain.mjs'
import { report, step } from './shell/progress.mjs'
import { show } from './shell/run.mjs'

/** @param {readonly string[]} args @returns {Promise<number>} exit status */
async function release(args) {
  await step('npm packages', installDependencies)
  await step('pinned Node', () => installNode())
  return show(nodePath(), ['scripts/release/main.ts', ...args])
}

release(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error) => (process.exitCode = report(error)),
)
