/**
 * The workers' own listener is for programs on this machine that mean it: a page in somebody's browser could find
 * its port, and a foreign name could be made to lead to it (DNS rebinding).
 */

import type { Head } from '../exchange/head.ts'
import { failure, type Failure } from '../fault/failure.ts'
import { hostName } from '../route/table.ts'

const loopbackNames = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** The refusal for a request on the internal listener that a browser made, or that names another host. */
export function refuseForeignPage(deps: { readonly internal: boolean }, head: Head): Failure | null {
  if (!deps.internal) return null
  if (head.host !== null && !loopbackNames.has(hostName(head.host))) return failure('misdirected_host')
  return head.origin === null ? null : failure('bad_origin')
}
