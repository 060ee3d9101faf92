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
 * The key Streamlit signs its cookies with. Streamlit makes a new one per start, which signs everybody out of
 * `st.login` on every restart; this one is made once and kept in the state directory, readable by us alone.
 *
 * @param stateDir null = memory only
 */
export function cookieSecret(stateDir: string | null): CookieSecret {
  const fresh = randomBytes(32).toString('hex')
  if (stateDir === null) return { secret: fresh }
  try {
    return { secret: kept(stateDir, fresh) }
  } catch (error) {
    return { secret: fresh, volatile: error instanceof Error ? error.message : String(error) }
  }
}

// Written beside and linked into place: of two gateways starting at once both end up with the same complete file.
function kept(stateDir: string, fresh: string): string {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, 'streamlit-cookie-secret')
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
