/** What the gateway knows about Streamlit's own addresses, as segments below its mount. */

import { binaryFrame } from '../proxy/frames.ts'

/**
 * Streamlit's own message `auth_redirect` (ForwardMsg field 24) with an empty address: the page in the browser loads
 * itself again, and is sent to the login if it has to be.
 */
export const reloadPage = binaryFrame(Buffer.from([0xc2, 0x01, 0x00]))

const hidden = new Set(['metrics', 'script-health-check'])

/** Streamlit's metrics and its script check carry no protection of their own and run user code. */
export function isHiddenFromOutside(below: readonly string[]): boolean {
  const path = below
    .join('/')
    .split(/[/\\]+/)
    .filter((segment) => segment !== '')
  return path[0] === '_stcore' && hidden.has(path[1] ?? '')
}

/**
 * Whether a path names one of Streamlit's own files. It answers missing ones with its index page, which breaks
 * tabs that are open across an upgrade and lets caches keep HTML under the name of a script.
 */
export function namesFile(below: readonly string[]): boolean {
  const last = below.at(-1) ?? ''
  return below.length > 1 && below[0] === 'static' && /\.[a-z0-9]+$/i.test(last) && !last.endsWith('.html')
}
