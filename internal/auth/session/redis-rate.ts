/** How often somebody asks, counted in Redis: the same algorithm as in `auth/rate`, in one script by Redis's own clock. */

import { createHash } from 'node:crypto'

import type { Allowance } from '../rate.ts'
import { StoreUnavailable } from './store.ts'

/**
 * KEYS[1] somebody, ARGV[1] interval, ARGV[2] burst, ARGV[3] how many are taken, 0 or 1; microseconds. The key holds when nothing is used any more, and ends
 * then. What it holds is never further away than the burst: the clock may have been set, or the allowance changed.
 */
const script = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(now, math.min(tonumber(redis.call('GET', KEYS[1]) or 0), now + interval * burst))
local wait = full - now - interval * (burst - 1)
if wait > 0 then return math.ceil(wait / 1000) end
if ARGV[3] == '0' then return 0 end
full = full + interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return 0`

const hash = createHash('sha1').update(script).digest('hex')

/**
 * Takes one, or looks only.
 * @returns milliseconds until there is one; 0 = there is, and it was taken unless none was wanted
 * @throws StoreUnavailable
 */
export async function askRate(
  send: (words: readonly string[]) => Promise<unknown>,
  key: string,
  { intervalMs, burst }: Allowance,
  taken: 0 | 1,
): Promise<number> {
  const interval = Math.max(1, Math.round(intervalMs * 1_000))
  const rest = ['1', key, String(interval), String(burst), String(taken)]
  const waitMs = await send(['EVALSHA', hash, ...rest]).catch((error: unknown) => {
    if (isUnknownScript(error)) return send(['EVAL', script, ...rest])
    throw error
  })
  if (typeof waitMs !== 'number') throw new StoreUnavailable('Redis gave an answer of an unknown form')
  return waitMs
}

/** Redis was started anew, or has never seen it. */
function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.message.startsWith('NOSCRIPT')
}
