#!/usr/bin/env node
/**
 * `npm start [-- FLAGS]`: sets up what is missing, then serves examples/quickstart with the built executable on
 * http://127.0.0.1:8000. Signals are passed on, the exit status is the gateway's.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setup } from './setup.mjs'
import { defaultOutput } from './build/executable.mjs'
import { environment } from './setup/python.mjs'
import { report, repository } from './shell/progress.mjs'
import { exitStatus } from './shell/run.mjs'

/** Two of the same signal closer together than this are one: a terminal and npm both pass on a Ctrl-C. */
const echoMs = 300

/** @returns {Promise<number>} the gateway's exit status */
function serve() {
  const args = ['serve', '-c', join('examples', 'quickstart', 'fluxlit.toml'), ...process.argv.slice(2)]
  // A process group of its own: otherwise the terminal's Ctrl-C would reach it beside the one we pass on, and a
  // second signal means "stop at once".
  const child = spawn(defaultOutput(), args, {
    cwd: repository,
    stdio: 'inherit',
    detached: process.platform !== 'win32',
    env: { ...process.env, VIRTUAL_ENV: environment },
  })
  /** @type {Map<string, number>} */
  const last = new Map()
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      const now = performance.now()
      if (now - (last.get(signal) ?? -Infinity) > echoMs) child.kill(signal)
      last.set(signal, now)
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(exitStatus(code, signal)))
  })
}

setup()
  .then(serve)
  .then(
    (status) => (process.exitCode = status),
    (error) => (process.exitCode = report(error)),
  )
