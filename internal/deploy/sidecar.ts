/** `--kind sidecar`: the gateway as a native sidecar (initContainer with restartPolicy Always) beside existing containers. */

import { dirname } from 'node:path/posix'

import type { Address, Config, WorkerConfig } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import {
  certificateVariables,
  confinement,
  containerFields,
  podFields,
  podSpread,
  podVolumes,
  probes,
} from './pod.ts'
import { cookieVariable, manifests, metricsVariable, podTemplate, trustNote } from './kubernetes.ts'
import { isElsewhere, kubernetesDelayMs, secondsText, type Plan } from './plan.ts'
import { configFlags, header, indented, wordList, type DeployFile } from './text.ts'

/** Seconds an app gets for its own stop, as uvicorn does with --timeout-graceful-shutdown. */
const appStopMs = 10_000

/** MiB of a gateway without workers, with room for large transfers. */
const gatewayMiB = 256

/** A worker that runs in a container of its own. */
interface Elsewhere {
  readonly name: string
  readonly kind: WorkerConfig['kind']
  readonly address: Address
}

/** Manifests of a Pod in which the gateway stands in front of the containers the `url`s of the workers lead to. */
export function sidecarFiles(plan: Plan): readonly DeployFile[] {
  return manifests(plan, 'sidecar', deployment(plan))
}

/** Why the gateway cannot stand beside the apps; null when it can. */
export function sidecarProblem({ config }: Plan): Problem | null {
  const [spawned] = config.workers.filter((worker) => worker.kind !== 'static' && !isElsewhere(worker))
  const hint =
    'say where it listens inside the Pod: kind = "uvicorn" (or "streamlit"), url = "http://127.0.0.1:8001"'
  if (spawned !== undefined) {
    const message = `a sidecar starts nothing, and worker ${spawned.name} has no url`
    return { code: 'no_sidecar', message, where: spawned.where, hint }
  }
  if (appsBeside(config).length > 0) return null
  const message = 'no worker has a url on loopback, so there is nothing in the Pod to stand in front of'
  return { code: 'no_sidecar', message, hint: `${hint}; for Services elsewhere use --kind kubernetes` }
}

/** Workers that run in other containers of the same Pod. */
function appsBeside(config: Config): readonly Elsewhere[] {
  return config.workers
    .filter(isElsewhere)
    .map(({ name, kind, run }) => ({ name, kind, address: run.address }))
    .filter(({ address }) => address.kind === 'unix' || isLoopback(address.host))
}

function deployment(plan: Plan): string {
  const beside = appsBeside(plan.config)
  const { timeoutMs } = plan.config.drain
  const sleepS = Math.ceil((kubernetesDelayMs + timeoutMs) / 1000)
  const sumS = sleepS + (appStopMs + timeoutMs) / 1000 + 5
  return `${header(plan, 'The gateway as a native sidecar (Kubernetes 1.30 and later) in front of containers that exist already.')}
#
# Have a Deployment already? Take \`initContainers\`, \`volumes\`, \`terminationGracePeriodSeconds\` and the \`preStop\` of the
# containers over into it. The apps have to listen on loopback only: the gateway is the one door of the Pod.
${podTemplate(plan)}
      # ${sleepS} s of the apps' preStop + ${secondsText(appStopMs)} for their own end + drain.timeout ${secondsText(timeoutMs)} of the sidecar, which is stopped last
      # + 5 s.
      terminationGracePeriodSeconds: ${(Math.floor(sumS / 5) + 1) * 5}
${indented(podFields(), 6)}
${indented(podSpread(plan), 6)}
      initContainers:
        - name: fluxlit
          # Makes it a sidecar: it starts before the apps, runs beside them, and is stopped after them.
          restartPolicy: Always
          # The image of \`fluxlit build --kind docker\`; without workers to start it has no Python in it.
          image: ${plan.name}:latest
${indented(containerFields(plan, { memoryMiB: gatewayMiB }), 10)}${socketMounts(beside, 12)}
          env:
            # The hook below has done that already when SIGTERM comes.
            - name: FLUXLIT_DRAIN_DELAY
              value: 0s
${indented(metricsVariable(plan) + certificateVariables(plan) + trustNote(), 12).trimEnd()}
          lifecycle:
            # Runs when the Pod begins to end, at the same time as those of the apps. Readiness says 503, requests are
            # still answered, and the process stays: one that ended would be started again.
            preStop:
              exec:
                command: ${wordList(['fluxlit', 'drain', ...configFlags(plan)])}
${indented(probes(plan), 10)}
      containers:
${beside.map((app) => container(plan, app, sleepS)).join('')}${indented(podVolumes(plan), 6)}${socketVolumes(beside)}
`
}

function container(plan: Plan, app: Elsewhere, sleepS: number): string {
  const { address } = app
  const place =
    address.kind === 'unix' ? `the Unix socket ${address.path}` : `${bracketed(address.host)}:${address.port}`
  return `        - name: ${app.name}
          # Yours. It has to listen on ${place} and nowhere else;
          # \`fluxlit check --worker ${app.name}\` prints the arguments that fit the configuration.
          image: registry.example/${app.name}:latest
${indented(confinement(), 10)}
          # Libraries write to it: caches of matplotlib, uploads while they are read.
          volumeMounts:
            - name: tmp
              mountPath: /tmp${socketMounts([app], 12)}${cookieKey(plan, app)}
          lifecycle:
            # Goes on answering while the nodes hear that the Pod ends and the sidecar finishes its requests.
            preStop:
              sleep:
                seconds: ${sleepS}
          resources:
            requests:
              cpu: 100m
              memory: 256Mi
            limits:
              memory: 1Gi
`
}

function cookieKey(plan: Plan, { kind }: Elsewhere): string {
  return kind === 'streamlit' ? `\n          env:\n${indented(cookieVariable(plan), 12).trimEnd()}` : ''
}

function socketDirectories(apps: readonly Elsewhere[]): readonly string[] {
  return [...new Set(apps.flatMap(({ address }) => (address.kind === 'unix' ? [dirname(address.path)] : [])))]
}

function socketMounts(apps: readonly Elsewhere[], spaces: number): string {
  return socketDirectories(apps)
    .map((path) => `\n${indented(`- name: ${volumeName(path)}\n  mountPath: ${path}`, spaces)}`)
    .join('')
}

function socketVolumes(apps: readonly Elsewhere[]): string {
  return socketDirectories(apps)
    .map(
      (path) =>
        `\n        # Sockets of the apps, seen by the sidecar and by them.\n        - name: ${volumeName(path)}\n          emptyDir: {}`,
    )
    .join('')
}

function volumeName(path: string): string {
  return path
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
