/** Looking at workers as a start would, without starting any. */

import { join } from 'node:path'

import type { Config } from '../config/config.ts'
import { exitCode, StartupError } from '../fault/startup.ts'
import type { Logger } from '../log/types.ts'
import { isProblem } from '../worker/problem.ts'
import type { WorkerRoom } from '../worker/room.ts'
import { openRuntimeDir } from '../worker/runtime-dir.ts'
import { lazily, type PackageFiles } from '../worker/sdk.ts'
import { apiPath } from './fleet.ts'
import { withoutSecrets } from './secrets.ts'

/** What is looked at, and with what. */
export interface LookingParts {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  readonly bootstrapSource: string
  readonly sdk: () => PackageFiles
}

/** A room in which workers can be planned, and where its files are. */
export interface LookingRoom {
  readonly room: WorkerRoom
  /** Absolute; gone after the look. */
  readonly directory: string
}

/** Lets `look` have a room, and takes it away afterwards. @throws StartupError when there is no place for one */
export async function looking<T>(parts: LookingParts, look: (room: LookingRoom) => Promise<T>): Promise<T> {
  const { config, env } = parts
  const runtime = openRuntimeDir({ instanceKey: config.instanceKey, env })
  if (isProblem(runtime)) throw new StartupError([runtime], exitCode.usage)
  try {
    const room: WorkerRoom = {
      logger: silent,
      runtimeDir: runtime,
      bootstrapPath: runtime.write('bootstrap.py', parts.bootstrapSource),
      sdk: lazily(parts.sdk, join(runtime.path, 'python')),
      restart: config.restart,
      rootPath: config.rootPath,
      internalApiBase: () =>
        `http://127.0.0.1:${config.internalListen.port || '<any>'}${config.rootPath}${apiPath(config)}`,
      apiPrefix: apiPath(config),
      mode: 'serve',
      stateDir: null,
      env: withoutSecrets(env, config),
      root: config.root,
    }
    return await look({ room, directory: runtime.path })
  } finally {
    runtime.close()
  }
}

/** Nothing is started, so there is nothing to log. */
const silent: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  isEnabled: () => false,
  child: () => silent,
}
