/** Who asks over the control socket, as the asking program says it: Node cannot ask the kernel for the other end. */

import { userInfo } from 'node:os'

import type { Caller } from '../log/audit.ts'
import { parseJson } from './control.ts'
import { isRecord } from './shape.ts'

/** Header that says it, in lower case. */
export const callerField = 'x-fluxlit-caller'

/** Longest name that is kept; Linux allows 32 characters. */
const longestName = 64

/** This process, as the value of the header. @param env its environment, for sudo's word of who began it */
export function callerText(env: Readonly<Record<string, string | undefined>>): string {
  const { uid, username } = self()
  const { SUDO_USER: sudoUser } = env
  const caller: Caller = {
    uid,
    ...(username === '' ? {} : { user: username }),
    pid: process.pid,
    ...(sudoUser === undefined ? {} : { sudo_user: sudoUser }),
  }
  // A header holds ASCII only.
  return JSON.stringify(caller).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** What the header says of the sender of a request; what makes no sense is left out. */
export function callerOf(field: string | readonly string[] | undefined): Caller {
  const value = typeof field === 'string' ? parseJson(field) : undefined
  if (!isRecord(value)) return {}
  const { uid, user, pid, sudo_user: sudoUser } = value
  return {
    ...(isNumber(uid) ? { uid } : {}),
    ...(isName(user) ? { user } : {}),
    ...(isNumber(pid) ? { pid } : {}),
    ...(isName(sudoUser) ? { sudo_user: sudoUser } : {}),
  }
}

// An account without an entry in the list of accounts (a container's) has only its number.
function self(): { readonly uid: number; readonly username: string } {
  try {
    return userInfo()
  } catch {
    return { uid: process.getuid?.() ?? -1, username: '' }
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestName
}
