import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A secret, and whether it outlives the gateway. */
export interface CookieSecret {
  readonly secret: string
  /** Why it does not survive a restart; absent when it does, or when there is no state directory at all. */
  readonly volatile?: string
}

/**
 * A key that is made once and kept in the state directory, readable by us alone: the one Streamlit signs its cookies
 * with (it makes a new one per start, which signs everybody out of `st.login` on every restart), or the one of the hashes
 * that stand for people in the log. Pages can read the first, so the two are not the same.
 *
 * @param stateDir null = memory only
 */
export function cookieSecret(
  stateDir: string | null,
  name: 'streamlit-cookie-secret' | 'log-user-key' = 'streamlit-cookie-secret',
): CookieSecret {
  const fresh = randomBytes(32).toString('hex')
  if (stateDir === null) return { secret: fresh }
  try {
    return { secret: kept(stateDir, name, fresh) }
  } catch (error) {
    return { secret: fresh, volatile: error instanceof Error ? error.message : String(error) }
  }
}

// Written beside and linked into place: of two gateways starting at once both end up with the same complete file.
function kept(stateDir: string, name: string, fresh: string): string {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, name)
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, fresh, { mode: 0o600 })
  try {
    linkSync(draft, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(path, 'utf8').trim()
}
