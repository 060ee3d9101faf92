/** What the examinations of all kinds of files share. */

import type { Problem } from '../fault/startup.ts'
import { graceWords, outerGraceS, type Grace } from './plan.ts'
import type { DeployFile } from './text.ts'

/** Something in a file that contradicts the configuration, and how bad that is. */
export interface Disagreement extends Problem {
  readonly state: 'WARN' | 'FAIL'
}

/** A setting in a file. */
export interface Place {
  readonly file: DeployFile
  readonly key: string
}

/** `FILE:LINE` of a setting, or the file when it is not written. */
export function lineOf({ path, text }: DeployFile, key: string): string {
  const index = text.split('\n').findIndex((line) => new RegExp(`^[\\s-]*${key}\\s*[:=]`).test(line))
  return index === -1 ? path : `${path}:${index + 1}`
}

/** Whoever stops the gateway kills it before it is through. */
export function cutsOff({ file, key }: Place, givenMs: number, grace: Grace): readonly Disagreement[] {
  const { delayMs, timeoutMs, workerMs } = grace
  if (givenMs > delayMs + timeoutMs + workerMs + 5_000) return []
  const fix = outerGraceS(grace)
  return [
    {
      code: 'deploy_grace',
      state: 'FAIL',
      message: `after ${givenMs / 1000} s the gateway is killed, and it may need ${graceWords(grace)}`,
      where: lineOf(file, key),
      hint: `write ${key}${file.path.endsWith('.service') ? '=' : ': '}${fix}${key === 'stop_grace_period' ? 's' : ''}, or shorten drain.timeout and stop_grace`,
    },
  ]
}

/** Traffic is sent where nobody listens. */
export function wrongPort(
  { file, key }: Place,
  given: number | string,
  expected: number | string,
): Disagreement {
  return {
    code: 'deploy_port',
    state: 'FAIL',
    message: `traffic goes to ${given}, and the gateway listens on ${expected}`,
    where: lineOf(file, key),
    hint: `write ${expected}, or change gateway_host and gateway_port`,
  }
}

/** The value at a path of keys, or undefined where something on the way is missing. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (inside, key) =>
      typeof inside === 'object' && inside !== null && !Array.isArray(inside) && Object.hasOwn(inside, key)
        ? Object.entries(inside).find(([name]) => name === key)?.[1]
        : undefined,
    value,
  )
}

/** A list, empty for everything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A text or a number as text; `''` for everything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
