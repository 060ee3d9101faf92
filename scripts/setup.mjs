#!/usr/bin/env node
/**
 * `npm run setup`: everything a fresh clone needs, each step skipped when it is done. Works offline once done.
 * Runs on any Node from 20 on, without a single package: it is what installs them.
 */

import { pathToFileURL } from 'node:url'
import { build } from './build/executable.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { installPython } from './setup/python.mjs'
import { installNode } from './setup/toolchain.mjs'
import { report, SetupError, step } from './shell/progress.mjs'

/**
 * @param {{executable?: boolean}} [options] executable: whether dist/fluxlit is needed too (default true)
 * @throws {SetupError} when a step cannot be done
 */
export async function setup({ executable = true } = {}) {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20) throw new SetupError(`Node 20 or newer is needed, this is ${process.version}`)
  await step('npm packages', installDependencies)
  await step('pinned Node', () => installNode())
  await step('Python environment', installPython)
  if (executable) await step('dist/fluxlit', () => build())
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  setup().catch((error) => (process.exitCode = report(error)))
}
