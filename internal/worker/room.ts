import type { Logger } from '../log/types.ts'
import type { Address, RestartPolicy } from '../config/config.ts'
import type { ProcessWatcher } from './child.ts'
import type { Environment } from './environment.ts'
import type { OutputEvent } from './output.ts'
import type { RuntimeDir } from './runtime-dir.ts'
import type { Sdk } from './sdk.ts'

/** What a worker has to know about the people who use it. */
export interface WorkerIdentity {
  /** Public keys of the signed assertion as JSON text (RFC 7517). */
  readonly jwks: string
  /**
   * JSON text of Streamlit's `server.trustedUserHeaders`: header names and the keys of `st.user` they fill; null = it is
   * Streamlit's own login that fills them.
   */
  readonly streamlitHeaders: string | null
  /** Public path of the login endpoints, `/oauth2`; null = nobody logs in here. */
  readonly signInPath: string | null
}

/** What all workers of a gateway share; the composition root makes one. */
export interface WorkerRoom {
  readonly logger: Logger
  readonly runtimeDir: RuntimeDir
  /** Where `bootstrap.py` was written: `runtimeDir.write('bootstrap.py', source)`. */
  readonly bootstrapPath: string
  /**
   * The Python package that travels in this program, for the workers of a `target`; unpacked when first asked for.
   *
   * @param elsewhere absolute; left out = in the runtime directory, which no other account can enter
   */
  readonly sdk: (elsewhere?: string) => Sdk
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
  /** How workers learn who asks; null = nobody is asked. Asked for every generation; left out = null. */
  readonly identity?: () => WorkerIdentity | null
  /** `Config.root`. */
  readonly root: string
  /**
   * Resolves when no request is in flight to a process that is about to be stopped; nothing is sent to it any more.
   * Without it the process is stopped at once.
   *
   * @param worker name in the configuration, also for one of several replicas
   * @param deadlineMs after which nobody waits for the answer any more
   */
  readonly retire?: (worker: string, address: Address, deadlineMs: number) => Promise<void>
  /** The deadline given to `retire`: `Config.drain.timeoutMs`; left out = 20 s. */
  readonly retireMs?: number
  /** How long a new generation has to live before the old one is stopped; left out = 5 s. */
  readonly probationMs?: number
  /** Ends every worker's group should the gateway be killed; left out = only the bootstrap's lifeline does. */
  readonly watcher?: ProcessWatcher
  /** Hears what is logged of it as well. */
  readonly heard?: (event: OutputEvent) => void
  /** Told where a process of Streamlit is going to listen, and its version. */
  readonly streamlitAt?: (address: Address, version: string | null) => void
  /** Receives what workers write; without it every line is logged. */
  readonly onOutput?: (event: OutputEvent) => void
}
