/** What deployment files say, computed once from the configuration and from what lies beside it. */

import type { Config, WorkerConfig } from '../config/config.ts'
import type { Project } from './project.ts'

/** Numbers and names that all files agree on. */
export interface Plan {
  readonly config: Config
  readonly project: Project
  /** Name of services, images and Kubernetes objects: a DNS label. */
  readonly name: string
  /** Port inside the container: one that an account without privileges may bind. */
  readonly port: number
  /** Port for metrics alone, which collectors on other machines may reach. */
  readonly metricsPort: number
  /** What probes and routes speak to it. */
  readonly scheme: 'http' | 'https'
  /** Largest body of a request to any worker. */
  readonly uploadBytes: number
  /** MiB that all processes together may use. */
  readonly memoryMiB: number
  /** MiB of temporary files: FastAPI keeps uploads there while it reads them. */
  readonly temporaryMiB: number
  /** Seconds until the gateway has given up on workers that do not start. */
  readonly startS: number
  /** Workers that are Python programs started by the gateway. */
  readonly pythonWorkers: readonly string[]
  /** Whether some page keeps its state in one process, so that a browser has to come back to it. */
  readonly isSticky: boolean
}

/** How long a stop takes at most, in milliseconds, step by step. */
export interface Grace {
  readonly delayMs: number
  readonly timeoutMs: number
  readonly workerMs: number
}

/** Account in containers: no name, so that none has to exist; Kubernetes can check only numbers. */
export const containerUser = 65532

/** Where state lies in a container. */
export const containerState = '/var/lib/fluxlit'

/** Pause in Kubernetes between "not ready" and closing the listener: every node has to hear of it first. */
export const kubernetesDelayMs = 5_000

/** Seconds a stop may take beyond the sum of its parts, for signals and processes. */
const marginS = 5

const firstFreePort = 1024
const usualPort = 8000
const usualMetricsPort = 9465

/** Computes everything. Pure. */
export function planDeployment(config: Config, project: Project): Plan {
  const { port } = config.listen
  return {
    config,
    project,
    name: labelOf(project.name),
    port: port < firstFreePort ? usualPort : port,
    metricsPort: config.metrics.listen?.port || usualMetricsPort,
    scheme: config.tls === null ? 'http' : 'https',
    uploadBytes: Math.max(config.limits.bodyBytes, ...config.workers.map(bodyOf)),
    memoryMiB: config.workers.reduce((sum, worker) => sum + memoryOf(worker), gatewayMiB),
    temporaryMiB: Math.max(1024, Math.ceil((4 * config.limits.bodyBytes) / 2 ** 20)),
    startS: startSeconds(config),
    pythonWorkers: config.workers.filter(isPython).map(({ name }) => name),
    isSticky: config.workers.some(({ kind }) => kind === 'streamlit'),
  }
}

/** The longest stop of a gateway with its workers. @param atLeastMs the delay that is set from outside */
export function graceOf(config: Config, atLeastMs = 0): Grace {
  const graces = config.workers.map((worker) => (isSpawned(worker) ? worker.run.stopGraceMs : 0))
  return {
    delayMs: Math.max(config.drain.delayMs, atLeastMs),
    timeoutMs: config.drain.timeoutMs,
    workerMs: Math.max(0, ...graces),
  }
}

/** Seconds that whoever stops the gateway has to wait before killing it: more than everything together and 5 s. */
export function outerGraceS({ delayMs, timeoutMs, workerMs }: Grace): number {
  const sum = (delayMs + timeoutMs + workerMs) / 1000 + marginS
  return (Math.floor(sum / 5) + 1) * 5
}

/** The sum behind {@link outerGraceS}, for a comment. */
export function graceWords({ delayMs, timeoutMs, workerMs }: Grace): string {
  const parts = [
    ...(delayMs === 0 ? [] : [`drain.delay ${secondsText(delayMs)}`]),
    `drain.timeout ${secondsText(timeoutMs)}`,
    ...(workerMs === 0 ? [] : [`stop_grace ${secondsText(workerMs)}`]),
    `${marginS} s`,
  ]
  return `more than ${parts.join(' + ')}`
}

/** `20 s`, `1.5 s`. */
export function secondsText(ms: number): string {
  return `${ms / 1000} s`
}

/** Whether the gateway starts it. */
export function isSpawned(worker: WorkerConfig): worker is Extract<WorkerConfig, { run: unknown }> & {
  run: { stopGraceMs: number; kind: 'spawn' | 'command' }
} {
  return worker.kind !== 'static' && worker.run.kind !== 'url'
}

/** Whether it is run elsewhere. */
export function isElsewhere(
  worker: WorkerConfig,
): worker is Extract<WorkerConfig, { mount: string; run: unknown }> & { run: { kind: 'url' } } {
  return worker.kind !== 'static' && worker.run.kind === 'url'
}

function isPython(worker: WorkerConfig): boolean {
  return worker.kind !== 'static' && worker.run.kind === 'spawn'
}

function bodyOf(worker: WorkerConfig): number {
  return worker.kind === 'process' ? 0 : worker.maxBodyBytes
}

const gatewayMiB = 128
/** MiB of one process with ordinary libraries; measured again by whoever deploys. */
const usualMiB = { uvicorn: 384, streamlit: 768, http: 256, process: 256 } as const

function memoryOf(worker: WorkerConfig): number {
  if (worker.kind === 'static' || worker.run.kind === 'url') return 0
  const { maxMemoryBytes, replicas } = worker.run
  // A worker above its own limit is replaced by one that starts beside it.
  const one = maxMemoryBytes === 0 ? usualMiB[worker.kind] : Math.ceil(maxMemoryBytes / 2 ** 20)
  return one * (replicas + (maxMemoryBytes === 0 ? 0 : 1))
}

function startSeconds(config: Config): number {
  const { bootAttempts, backoffMaxMs } = config.restart
  const longest = Math.max(
    0,
    ...config.workers.map((worker) => ('ready' in worker && isSpawned(worker) ? worker.ready.timeoutMs : 0)),
  )
  const pauses = Math.min(backoffMaxMs, 10_000) * Math.max(0, bootAttempts - 1)
  return Math.ceil((longest * bootAttempts + pauses) / 1000) + 10
}

function labelOf(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return plain === '' ? 'app' : plain
}
