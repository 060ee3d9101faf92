/** Kubernetes workloads against the configuration. */

import {
  at,
  cutsOff,
  lineOf,
  list,
  portOf,
  textOf,
  variable,
  wrongPort,
  type Disagreement,
  type Place,
} from './examine-words.ts'
import { graceOf, kubernetesDelayMs, outerGraceS, type Grace, type Plan } from './plan.ts'
import { milliseconds } from './span.ts'
import type { DeployFile } from './text.ts'

/** What Kubernetes waits when nothing is written. */
const unwrittenMs = 30_000

/** A Deployment, StatefulSet or DaemonSet with a gateway in it. */
export function examineWorkload(value: unknown, file: DeployFile, plan: Plan): readonly Disagreement[] {
  const spec = at(value, 'spec', 'template', 'spec')
  const sidecar = list(at(spec, 'initContainers')).find(isGateway)
  const container = sidecar ?? list(at(spec, 'containers')).find(isGateway)
  if (container === undefined) return []
  const delay = milliseconds(variable(at(container, 'env'), 'FLUXLIT_DRAIN_DELAY'))
  const grace: Grace = { ...graceOf(plan.config), ...(delay === null ? {} : { delayMs: delay }) }
  const seconds = at(spec, 'terminationGracePeriodSeconds')
  const given = typeof seconds === 'number' ? seconds * 1000 : unwrittenMs
  const place: Place = { file, key: 'terminationGracePeriodSeconds' }
  return [
    ...cutsOff(place, given, grace),
    ...(sidecar === undefined ? noDelay(container, grace, file) : []),
    ...portFindings(container, file, plan),
    ...probeFindings(container, { file, isSidecar: sidecar !== undefined, scheme: plan.scheme }),
  ]
}

function isGateway(container: unknown): boolean {
  const words = JSON.stringify([at(container, 'name'), at(container, 'command'), at(container, 'args')])
  return /fluxlit/.test(words) || /__fluxlit/.test(JSON.stringify(container))
}

/** Nodes go on sending for a moment after the Pod was told to stop. */
function noDelay(container: unknown, { delayMs }: Grace, file: DeployFile): readonly Disagreement[] {
  if (delayMs > 0 || at(container, 'lifecycle', 'preStop') !== undefined) return []
  return [
    {
      code: 'deploy_delay',
      state: 'WARN',
      message:
        'the listener closes as soon as the Pod is told to stop, while nodes still send requests to it',
      where: lineOf(file, 'env'),
      hint: `set FLUXLIT_DRAIN_DELAY to ${kubernetesDelayMs / 1000}s, and terminationGracePeriodSeconds to at least ${outerGraceS({ delayMs: kubernetesDelayMs, timeoutMs: 0, workerMs: 0 })} more`,
    },
  ]
}

function portFindings(container: unknown, file: DeployFile, plan: Plan): readonly Disagreement[] {
  const ports = list(at(container, 'ports'))
  const http = ports.find((port) => at(port, 'name') === 'http') ?? ports[0]
  const given = at(http, 'containerPort')
  const expected = portOf(at(container, 'env'), plan)
  return typeof given !== 'number' || given === expected
    ? []
    : [wrongPort({ file, key: 'containerPort' }, given, expected)]
}

const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const

function probeFindings(
  container: unknown,
  about: { readonly file: DeployFile; readonly isSidecar: boolean; readonly scheme: 'http' | 'https' },
): readonly Disagreement[] {
  return probes.flatMap((name) => {
    const get = at(container, name, 'httpGet')
    if (get === undefined) return []
    const path = textOf(at(get, 'path'))
    const where = lineOf(about.file, name)
    const wrong = wrongPath(name, path, about.isSidecar)
    const scheme = textOf(at(get, 'scheme') ?? 'HTTP').toLowerCase()
    return [
      ...(wrong === null ? [] : [{ code: 'deploy_probe', where, ...wrong }]),
      ...(scheme === about.scheme
        ? []
        : [
            {
              code: 'deploy_probe',
              state: 'FAIL' as const,
              message: `${name} speaks ${scheme}, and the gateway ${about.scheme}`,
              where,
              hint: `write scheme: ${about.scheme.toUpperCase()}`,
            },
          ]),
    ]
  })
}

function wrongPath(
  name: (typeof probes)[number],
  path: string,
  isSidecar: boolean,
): Pick<Disagreement, 'state' | 'message' | 'hint'> | null {
  const expected = `/__fluxlit/${name === 'readinessProbe' ? 'readyz' : 'livez'}`
  const hint = `write path: ${expected}`
  if (path.endsWith(expected) || (name === 'readinessProbe' && path.endsWith('/__fluxlit/healthz')))
    return null
  if (!/\/__fluxlit\/(livez|readyz|healthz)$/.test(path))
    return {
      state: 'FAIL',
      message: `${name} asks ${path}, which a worker answers and not the gateway`,
      hint,
    }
  if (name === 'readinessProbe')
    return {
      state: 'FAIL',
      message: 'readinessProbe asks livez: Pods get requests before their apps answer',
      hint,
    }
  if (name === 'livenessProbe')
    return {
      state: 'FAIL',
      message: 'livenessProbe asks for the workers: one that is down would end the whole Pod',
      hint,
    }
  return isSidecar
    ? {
        state: 'FAIL',
        message: 'startupProbe of the sidecar waits for apps that are started only after it',
        hint,
      }
    : {
        state: 'WARN',
        message: 'startupProbe waits for the workers: a slow import would end the Pod again and again',
        hint,
      }
}
