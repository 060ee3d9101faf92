/** Child processes of the scripts. */

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { repository, SetupError } from './progress.mjs'

/** @typedef {{status: number, output: string}} Ended */

/**
 * Runs a program in the repository and waits for its end, keeping what it printed on both streams.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{env?: NodeJS.ProcessEnv, cwd?: string}} [options]
 * @returns {Promise<Ended>} status is 128 + n when signal n ended it
 * @throws when it cannot be started at all
 */
export function capture(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text))
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ status: exitStatus(code, signal), output }))
  })
}

/**
 * Like {@link capture}, but a failure is an error with what the program printed, shortened in the middle.
 * @param {string} what the step in words, for the message
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{env?: NodeJS.ProcessEnv, cwd?: string, hint?: string}} [options]
 * @returns {Promise<string>} what it printed
 * @throws {SetupError} when it cannot be started or does not end with 0
 */
export async function must(what, program, args, { hint, ...options } = {}) {
  const ended = await capture(program, args, options).catch((error) => ({
    status: -1,
    output: String(error),
  }))
  if (ended.status === 0) return ended.output
  const all = ended.output.trimEnd().split('\n')
  const lines = all.length > 24 ? [...all.slice(0, 12), '...', ...all.slice(-12)] : all
  throw new SetupError(
    `${what} failed (${program} ended with ${ended.status})\n  ${lines.join('\n  ')}`,
    hint,
  )
}

/**
 * Runs a program that shares our terminal.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{env?: NodeJS.ProcessEnv}} [options]
 * @returns {Promise<number>} its exit status, 128 + n when signal n ended it, as shells have it
 */
export function show(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: repository, stdio: 'inherit', ...options })
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(exitStatus(code, signal)))
  })
}

/**
 * The one number a shell would show for the end of a process.
 * @param {number | null} code @param {NodeJS.Signals | null} signal
 */
export function exitStatus(code, signal) {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}
