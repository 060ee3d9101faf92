import type { Logger } from '../log/types.ts'
import type { RestartPolicy } from '../config/config.ts'
import type { Environment } from './environment.ts'
import type { OutputEvent } from './output.ts'
import type { RuntimeDir } from './runtime-dir.ts'

/** What all workers of a gateway share; the composition root makes one. */
export interface WorkerRoom {
  readonly logger: Logger
  readonly runtimeDir: RuntimeDir
  /** Where `bootstrap.py` was written: `runtimeDir.write('bootstrap.py', source)`. */
  readonly bootstrapPath: string
  readonly restart: RestartPolicy
  /** `Config.rootPath`. */
  readonly rootPath: string
  /** `http://127.0.0.1:PORT` of the internal listener; asked for every generation. */
  readonly internalApiBase: () => string
  /** Mount of the API, for the workers' own calls. */
  readonly apiPrefix: string
  readonly mode: 'serve' | 'dev'
  /** `Config.stateDir`. */
  readonly stateDir: string | null
  /** The gateway's own environment. */
  readonly env: Environment
  /** `Config.root`. */
  readonly root: string
  /** Receives what workers write; without it every line is logged. */
  readonly onOutput?: (event: OutputEvent) => void
}
