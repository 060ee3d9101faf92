/** wrk (github.com/wg/wrk), Debian's load generator: closed loop, as fast as the answers come. */

import { join } from 'node:path'

import { capture } from '../../shell/run.mjs'

/** What wrk counted. */
export interface WrkResult {
  readonly requests: number
  readonly seconds: number
  /** Answers other than 2xx and 3xx. */
  readonly refused: number
  /** Connections that could not be made, broke, or waited longer than two seconds. */
  readonly broken: number
  /** Milliseconds, at saturation: how long the queue is, not how long an answer takes. */
  readonly p50: number
  readonly p99: number
}

/** What wrk is asked to do. */
export interface WrkOptions {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** Every request has another query and another field than the one before. */
  readonly varied?: boolean
  /** Sent with every request. */
  readonly bearer?: string
}

/** Counts in each of wrk's threads; what is written differs in length, too. */
const variedRequests = join(import.meta.dirname, 'varied.lua')

/** Whether wrk is on this machine. */
export async function hasWrk(): Promise<boolean> {
  // It has no flag that ends with 0.
  return (await capture('wrk', ['-v']).catch(() => null)) !== null
}

/** Runs it to its end. @throws Error when it did not run or printed something else */
export async function wrk(options: WrkOptions): Promise<WrkResult> {
  const { url, connections, seconds, varied = false, bearer } = options
  const script = varied ? ['-s', variedRequests] : []
  const header = bearer === undefined ? [] : ['-H', `Authorization: Bearer ${bearer}`]
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, ...script, ...header, '--latency', url]
  const { output } = await capture('wrk', args)
  return parseWrk(output)
}

/** Reads what wrk prints with `--latency`. @throws Error when it is something else */
export function parseWrk(output: string): WrkResult {
  const counted = /(\d+) requests in ([\d.]+)(m?s|m),/.exec(output)
  if (counted === null) throw new Error(`wrk said: ${output.trim().split('\n')[0] ?? ''}`)
  const [, requests, duration = '', unit = ''] = counted
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? []
  return {
    requests: Number(requests),
    seconds: milliseconds(duration, unit) / 1000,
    refused: Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0),
    broken: errors.slice(1).reduce((total, count) => total + Number(count), 0),
    p50: latency(output, 50),
    p99: latency(output, 99),
  }
}

function latency(output: string, percent: number): number {
  const [, value = '', unit = ''] =
    new RegExp(`^ +${percent}% +([\\d.]+)(us|ms|s|m)$`, 'm').exec(output) ?? []
  return milliseconds(value, unit)
}

function milliseconds(value: string, unit: string): number {
  const factors: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }
  return value === '' ? NaN : Number(value) * (factors[unit] ?? NaN)
}
