import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Problem } from '../fault/startup.ts'
import { resolveAccount } from '../host/user.ts'
import type { ChildWorker } from './command.ts'
import { isProblem } from './problem.ts'
import type { WorkerRoom } from './room.ts'

/** How a worker runs under another account than the gateway. */
export interface WorkerAccount {
  readonly uid: number
  readonly gid: number
  /** Its own directory, for its sockets: nobody but it and root can enter. */
  readonly directory: string
  /** A copy of the bootstrap it can read; ours is in a directory closed to it. */
  readonly bootstrapPath: string
  /** `HOME`, `USER` and `LOGNAME` of the account, as far as they are known. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * The account of a worker with `user`, with its directory made; null when it runs under the gateway's own.
 *
 * @returns or a problem: `user_unknown`, `user_needs_root`, `runtime_dir`
 */
export function accountOf(worker: ChildWorker, room: WorkerRoom): WorkerAccount | Problem | null {
  const { user } = worker.run
  if (user === null) return null
  const account = resolveAccount(user, worker.where)
  if (isProblem(account)) return account
  const { uid, gid, home, name } = account
  if (uid === process.geteuid?.()) return null
  const files = { 'bootstrap.py': readFileSync(room.bootstrapPath, 'utf8') }
  const made = room.runtimeDir.accountDir(worker.name, { uid, gid }, files)
  if (isProblem(made)) return { ...made, where: worker.where }
  const env = {
    ...(home === null ? {} : { HOME: home }),
    ...(name === null ? {} : { USER: name, LOGNAME: name }),
  }
  return { uid, gid, directory: made.path, bootstrapPath: join(made.path, 'bootstrap.py'), env }
}
