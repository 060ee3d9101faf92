#!/usr/bin/env node
/**
 * `npm run fuzz`: the HTTP/1.1 engine beside llhttp, with the pinned Node; test/fuzz/main.ts tells the options. The
 * exit status is 1 when something was found.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { installDependencies } from './setup/dependencies.mjs'
import { installNode, nodePath } from './setup/toolchain.mjs'
import { report, repository, step } from './shell/progress.mjs'
import { exitStatus } from './shell/run.mjs'

/** @param {readonly string[]} args @returns {Promise<number>} exit status */
async function fuzz(args) {
  await step('npm packages', installDependencies)
  await step('pinned Node', () => installNode())
  const child = spawn(nodePath(), [join('test', 'fuzz', 'main.ts'), ...args], {
    cwd: repository,
    stdio: 'inherit',
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(exitStatus(code, signal)))
  })
}

fuzz(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error) => (process.exitCode = report(error)),
)
