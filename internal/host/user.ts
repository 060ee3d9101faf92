/** The account a worker runs under. */

import { readFileSync } from 'node:fs'

import type { Problem } from '../fault/startup.ts'

/** An account in numbers. */
export interface Account {
  readonly uid: number
  readonly gid: number
  /** Further groups it belongs to, without `gid`. `child_process.spawn` drops all of them. */
  readonly groups: readonly number[]
  /** Its home directory, or null when it is not known here. */
  readonly home: string | null
  /** Its name, or null. */
  readonly name: string | null
}

/** What an account is looked up in; everything has the running system as its default. */
export interface AccountSource {
  /** Text of `/etc/passwd`. */
  readonly passwd?: string
  /** Text of `/etc/group`. */
  readonly group?: string
  /** The account the gateway runs under. */
  readonly euid?: number
}

interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

/**
 * Resolves `user`: `NAME`, `UID`, `NAME:GROUP` or `UID:GID`, each part by name or number.
 *
 * Only the files are read: accounts of a directory service have to be given as `UID:GID`.
 *
 * @param where place of the key, for messages
 * @returns the account, or a problem: not known, or the gateway may not switch to it
 */
export function resolveAccount(spec: string, where: string, source: AccountSource = {}): Account | Problem {
  const [user = '', group] = spec.split(':')
  if (!/^[^:\s]+(:[^:\s]+)?$/.test(spec))
    return unknown(where, `user "${spec}" is not of the form NAME, UID or UID:GID`)
  const passwd = parsePasswd(source.passwd ?? read('/etc/passwd'))
  const groups = parseGroups(source.group ?? read('/etc/group'))
  const entry = passwd.find(({ name }) => name === user) ?? passwd.find(({ uid }) => String(uid) === user)
  const uid = entry?.uid ?? number(user)
  if (uid === null) return unknown(where, `there is no user "${user}" in /etc/passwd`)
  const gid = group === undefined ? (entry?.gid ?? null) : groupId(group, groups)
  if (gid === null) return unknown(where, noGroup(user, group))
  const refused = refusal(uid, spec, where, source.euid ?? process.geteuid?.() ?? -1)
  if (refused !== null) return refused
  const others = groups.filter(({ members }) => entry !== undefined && members.includes(entry.name))
  return {
    uid,
    gid,
    groups: [...new Set(others.map((other) => other.gid))].filter((other) => other !== gid),
    home: entry?.home ?? null,
    name: entry?.name ?? null,
  }
}

// Staying the same account is not a switch, so that one file serves root and the account itself.
function refusal(uid: number, spec: string, where: string, euid: number): Problem | null {
  if (euid === 0 || euid === uid) return null
  return {
    code: 'user_needs_root',
    message: `a worker cannot run as "${spec}": the gateway runs as user ${euid}, and only root may switch`,
    where,
    hint: 'Start the gateway as root, or remove `user` and start it as that account (User= in a systemd unit).',
  }
}

function unknown(where: string, message: string): Problem {
  return {
    code: 'user_unknown',
    message,
    where,
    hint: 'Create the account, or write the numbers: user = "1000:1000".',
  }
}

function noGroup(user: string, group: string | undefined): string {
  return group === undefined
    ? `user "${user}" is not in /etc/passwd, so its group is not known`
    : `there is no group "${group}" in /etc/group`
}

function groupId(group: string, groups: readonly GroupEntry[]): number | null {
  return groups.find(({ name }) => name === group)?.gid ?? number(group)
}

function parsePasswd(text: string): readonly PasswdEntry[] {
  return records(text, 6).map(([name = '', , uid, gid, , home = '']) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    home,
  }))
}

function parseGroups(text: string): readonly GroupEntry[] {
  return records(text, 3).map(([name = '', , gid, members = '']) => ({
    name,
    gid: Number(gid),
    members: members.split(',').filter((member) => member !== ''),
  }))
}

// Lines with numbers where numbers belong; the others (comments, NIS markers) mean nothing here.
function records(text: string, least: number): readonly (readonly string[])[] {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= least && /^\d+$/.test(fields[2] ?? ''))
}

// The two highest values mean "no change" to the kernel.
function number(text: string): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 2 ? Number(text) : null
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
