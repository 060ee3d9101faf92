/** What the gateway knows about Streamlit's own addresses, as segments below its mount. */

import { binaryFrame } from '../proxy/frames.ts'

/**
 * Streamlit's own message `auth_redirect` (field 24 of ForwardMsg, with the address in its field 1) as a frame: the page
 * in the browser goes there; to an empty address by loading itself again, which leads to the login if it has to.
 */
export function goTo(address: string): Buffer {
  const text = Buffer.from(address)
  const url = text.length === 0 ? text : Buffer.concat([Buffer.from([0x0a, ...varint(text.length)]), text])
  return binaryFrame(Buffer.concat([Buffer.from([0xc2, 0x01, ...varint(url.length)]), url]))
}

/** A number as protobuf writes it: seven bits each, the low ones first. */
function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}

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
