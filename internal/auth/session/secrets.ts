/** The secrets that seal sessions: configured, or made at the first start and kept in the state directory. */

import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Secret } from '../../config/secret.ts'

/** At least one; the first one seals. */
export type SessionSecrets = readonly [Buffer, ...Buffer[]]

const fileName = 'session-secrets'

/**
 * @param stateDir where one is kept that nobody configured; null = it lasts as long as the process
 * @throws Error when the state directory cannot be used
 */
export function sessionSecrets(configured: readonly Secret[], stateDir: string | null): SessionSecrets {
  const [first, ...others] = configured.map((secret) => Buffer.from(secret.reveal(), 'base64url'))
  if (first !== undefined) return [first, ...others]
  return [stateDir === null ? randomBytes(32) : kept(stateDir)]
}

function kept(stateDir: string): Buffer {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, fileName)
  try {
    // Never over one that is there: two gateways that start at once agree on the first one's.
    writeFileSync(path, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url')
  if (secret.length < 32) throw new Error(`${path} holds no secret; remove it to get a new one`)
  return secret
}
