/** What the examinations of all kinds of files share. */

import type { Problem } from '../fault/startup.ts'
import { graceWords, outerGraceS, type Grace, type Plan } from './plan.ts'
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

/** What an examination says of a part of a file, without the place and how to mend it. */
export type Fault = Pick<Disagreement, 'state' | 'message'>

/** A listener in a container that no published port leads to; null for every other. */
export function deafListener(host: string): Fault | null {
  if (!/^(127\.\S*|localhost|\[?::1\]?)$/.test(host)) return null
  const message = `the gateway listens on ${host} inside the container, where no published port leads to`
  return { state: 'FAIL', message }
}

/** A signal that would not stop the gateway in an orderly way; null when it does. */
export function unusableSignal(signal: string): Fault | null {
  if (/^(SIG)?(TERM|INT)$/i.test(signal) || signal === '15' || signal === '2' || signal.includes('$'))
    return null
  const message = `a stop sends ${signal}, on which no request is finished`
  return { state: 'FAIL', message }
}

/** Whether an account of a container, `USER` or `USER:GROUP`, is root. */
export function isRootName(account: string): boolean {
  return /^(root|0)(:|$)/.test(account)
}

/** A health check that needs what is not in the image; null when it does not. */
export function wrongCheck(words: readonly string[], hasCurl: boolean): Fault | null {
  const program = /\b(curl|wget)\b/.exec(words.join(' '))?.[1]
  if (program === undefined || hasCurl) return null
  return { state: 'WARN', message: `the check runs ${program}, which slim images do not have` }
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

/** The port of the container: that of its variables, else that of the configuration. */
export function portOf(environment: unknown, plan: Plan): number {
  const given = Number(variable(environment, 'FLUXLIT_GATEWAY_PORT'))
  return Number.isInteger(given) && given > 0 ? given : plan.port
}

/** A variable, of a list of pairs (Kubernetes), of `NAME=value` lines or of a table (compose); `''` when it is not set. */
export function variable(environment: unknown, name: string): string {
  for (const entry of list(environment)) {
    if (at(entry, 'name') === name) return textOf(at(entry, 'value'))
    if (typeof entry === 'string' && entry.startsWith(`${name}=`)) return entry.slice(name.length + 1)
  }
  return textOf(at(environment, name))
}
