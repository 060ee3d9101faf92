/** Secrets of the gateway that a worker's own account could read: the account would then keep nothing apart. */

import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

import type { Config } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import { resolveAccount, type Account } from '../host/user.ts'
import { isChild } from '../worker/command.ts'
import { isProblem } from '../worker/problem.ts'

/** One warning for every file and worker it is open to. */
export function exposedSecrets(config: Config): readonly Problem[] {
  const { workers, stateDir } = config
  const files = workerAccounts(config).size === 0 ? [] : secretFiles(config)
  return workers.flatMap((worker) => {
    const account = isChild(worker) ? accountIn(worker.run.user, worker.where) : null
    if (account === null) return []
    const isOpen = (path: string): boolean => mayRead(path, account)
    return [
      ...files.filter(isOpen).map((path) => exposed(worker.name, path, 'chmod 600')),
      ...(stateDir !== null && mayWrite(stateDir, account)
        ? [exposed(worker.name, stateDir, 'chmod 700', 'change what lies in')]
        : []),
    ]
  })
}

/** Accounts that workers run under, other than the gateway's own. */
export function workerAccounts({ workers }: Pick<Config, 'workers'>): ReadonlySet<number> {
  const accounts = workers.map((worker) =>
    isChild(worker) ? accountIn(worker.run.user, worker.where) : null,
  )
  return new Set(accounts.flatMap((account) => (account === null ? [] : [account.uid])))
}

/** Files of their own, and those of the configuration where one is written in them. */
function secretFiles({ instanceKey, secretPlaces, sources, tls }: Config): readonly string[] {
  const paths = secretPlaces.flatMap((place) => {
    if (place.kind === 'file') return [place.path]
    if (place.kind === 'text')
      return sources.map((name, index) => (index === 0 ? instanceKey : resolve(dirname(instanceKey), name)))
    const dotenv = join(dirname(instanceKey), '.env')
    return isSetIn(dotenv, place.name) ? [dotenv] : []
  })
  return [...new Set([...paths, ...(tls === null ? [] : [tls.keyFile])])]
}

function isSetIn(path: string, name: string): boolean {
  return (
    existsSync(path) &&
    new RegExp(`^\\s*(export\\s+)?${RegExp.escape(name)}\\s*=`, 'm').test(readFileSync(path, 'utf8'))
  )
}

/** Null for the gateway's own, and for one that does not exist: that ends the start elsewhere. */
function accountIn(user: string | null, where: string): Account | null {
  const account = user === null ? null : resolveAccount(user, where)
  return account === null || isProblem(account) || account.uid === process.geteuid?.() ? null : account
}

function exposed(worker: string, path: string, mend: string, what = 'read'): Problem {
  return {
    code: 'secret_exposed',
    message: `the account of worker \`${worker}\` may ${what} ${path}, which holds secrets of the gateway`,
    hint: `${mend} ${path}`,
  }
}

function mayRead(path: string, account: Account): boolean {
  return allows(path, account, 0o4) && isReachable(path, account)
}

function mayWrite(path: string, account: Account): boolean {
  return allows(path, account, 0o2) && isReachable(path, account)
}

function isReachable(path: string, account: Account): boolean {
  const above = dirname(path)
  return above === path || (allows(above, account, 0o1) && isReachable(above, account))
}

/** What the mode says, as the kernel reads it; a file that is not there allows nothing. */
function allows(path: string, { uid, gid }: Account, wanted: number): boolean {
  if (uid === 0) return true
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return false
  const shift = stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0
  return ((stat.mode >> shift) & wanted) === wanted
}
