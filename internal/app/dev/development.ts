/**
 * `fluxlit dev`: what stands around a running gateway while somebody works on its apps. Files are watched, keys are
 * listened to, the banner says where everything is, and a worker that does not run is explained in the browser.
 */

import { dirname } from 'node:path'
import type { StatusReport } from '../../admin/status.ts'
import type { Config } from '../../config/config.ts'
import type { Logger } from '../../log/types.ts'
import type { SupervisedWorker } from '../../worker/types.ts'
import { pageUrl, renderBanner, renderHelp, renderUrls } from './banner.ts'
import { openBrowser } from './browser.ts'
import { isExcluded, projectOf, reactionTo, sourcesOf, type ReloadScope } from './change.ts'
import { Explainer } from './explain.ts'
import { listenToKeys, type KeySource } from './keys.ts'
import { Readiness } from './readiness.ts'
import { Restarts, type Restartable } from './restarts.ts'
import { readVersions } from './versions.ts'
import { watchDirectories, type Watching } from './watch.ts'

/** What was asked for on the command line, and the terminal it was asked from. */
export interface DevelopmentOptions {
  /** Whether changed files restart anything. */
  readonly reload: boolean
  readonly scope: ReloadScope
  /** Absolute; relative names of configuration files are below it. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly keys: KeySource
  /** Whether `print` may be given colours. */
  readonly colour: boolean
  /** Sentences for the banner: another port was taken. */
  readonly notices: readonly string[]
}

/** What the gateway must offer; `Gateway` does. */
export interface DevelopedGateway extends Restartable {
  readonly url: string
  readonly config: Config
  status(): StatusReport
  onFleet(listener: (workers: readonly SupervisedWorker[]) => void): void
}

/** How the session speaks and ends. */
export interface DevelopmentRoom {
  readonly logger: Logger
  /** Writes text as it is, in order with the log. */
  readonly print: (text: string) => void
  /** Begins a graceful stop. */
  readonly quit: () => void
  /** As Ctrl-C does: graceful the first time, at once the second. */
  readonly interrupt: () => void
}

/** Quiet after the last write of a change, in milliseconds. */
const quietMs = 300

/** A session of development. Made before the gateway, so that its pages can be asked for from the first request on. */
export class Development {
  readonly #options: DevelopmentOptions
  readonly #room: DevelopmentRoom
  readonly #explainer: Explainer
  readonly #open = new DisposableStack()
  #watching: Watching | null = null

  constructor(options: DevelopmentOptions, room: DevelopmentRoom, rootPath: string) {
    this.#options = options
    this.#room = room
    this.#explainer = new Explainer(rootPath)
  }

  /** The page for a worker that does not run, or null while it does. */
  explain(worker: string): string | null {
    return this.#explainer.explain(worker)
  }

  /** From now on this gateway is developed. */
  attach(gateway: DevelopedGateway): void {
    const restarts = new Restarts(gateway, this.#room.logger)
    const readiness = new Readiness()
    gateway.onFleet((workers) => {
      this.#explainer.follow(workers, gateway.config.workers)
      readiness.follow(workers)
      this.#watch(gateway, restarts)
    })
    this.#listen(gateway, restarts)
    void this.#greet(gateway, readiness)
  }

  /** Ends watching and gives the terminal back. Idempotent. */
  close(): void {
    this.#watching?.close()
    this.#open.dispose()
  }

  // Another configuration may have other workers in other directories.
  #watch(gateway: DevelopedGateway, restarts: Restarts): void {
    this.#watching?.close()
    if (!this.#options.reload || this.#open.disposed) return
    const { cwd, scope } = this.#options
    const { logger } = this.#room
    const project = projectOf(gateway.config, cwd)
    const files = [...project.configFiles, ...project.envFiles]
    this.#watching = watchDirectories({
      trees: gateway.config.workers.flatMap(sourcesOf),
      directories: [project.root, ...files.map((file) => dirname(file))],
      isExcluded,
      quietMs,
      onChange: (paths) => restarts.ask(reactionTo(paths, project, scope, downOf(gateway))),
      onError: (directory, error) =>
        logger.warn({ directory, error: error.message }, 'cannot watch for changes'),
    })
  }

  #listen(gateway: DevelopedGateway, restarts: Restarts): void {
    const { print, quit, interrupt } = this.#room
    const { colour, keys } = this.#options
    const listening = listenToKeys(keys, {
      restart: () => restarts.ask({ kind: 'restart', workers: [], because: 'r pressed' }),
      open: () => void this.#openPage(gateway),
      urls: () => print(renderUrls(gateway.url, gateway.config.workers, colour)),
      help: () => print(renderHelp(colour)),
      quit,
      interrupt,
    })
    if (listening !== null) this.#open.defer(() => listening.close())
  }

  async #openPage({ url, config }: DevelopedGateway): Promise<void> {
    const page = pageUrl(url, config.workers)
    const opened = await openBrowser(page, process.platform, this.#options.env)
    this.#room.print(opened ? `opened ${page}\n` : `no browser to open here: ${page}\n`)
  }

  async #greet(gateway: DevelopedGateway, readiness: Readiness): Promise<void> {
    const { config } = gateway
    const { env, colour, notices, keys } = this.#options
    const versions = Promise.all(config.workers.map((worker) => readVersions(worker, config, env)))
    await readiness.settled
    const known = await versions
    // Who asked for JSON feeds it to a program.
    if (this.#open.disposed || config.log.format === 'json') return
    const workers = config.workers.map((worker, index) => ({
      config: worker,
      versions: known[index] ?? {},
      readyMs: readiness.readyMs(worker.name),
    }))
    const { url } = gateway
    const watching = this.#watchingWords()
    this.#room.print(renderBanner({ url, workers, notices, watching, colour, hasKeys: keys.isTTY === true }))
  }

  #watchingWords(): string {
    const { reload, scope } = this.#options
    if (!reload) return 'files are not watched (--no-reload)'
    const whose = { api: 'the API', ui: 'Streamlit', all: 'every worker' }[scope]
    return `changed Python files restart ${whose}; configuration and dependencies restart what they concern`
  }
}

/** Workers that do not run: a changed file may be what they wait for, whatever the scope is. */
function downOf(gateway: DevelopedGateway): ReadonlySet<string> {
  const down = Object.entries(gateway.status().workers).filter(
    ([, { state }]) => state === 'failed' || state === 'backing-off',
  )
  return new Set(down.map(([name]) => name))
}
