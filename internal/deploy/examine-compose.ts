/** Compose files against the configuration. */

import {
  at,
  cutsOff,
  deafListener,
  isRootName,
  lineOf,
  list,
  portOf,
  textOf,
  unusableSignal,
  variable,
  wrongCheck,
  wrongPort,
  type Disagreement,
  type Fault,
} from './examine-words.ts'
import { containerUser, graceOf, type Plan } from './plan.ts'
import { milliseconds } from './span.ts'
import { mebibytes, type DeployFile } from './text.ts'

/** What Docker waits when nothing is written. */
const unwrittenMs = 10_000

/** The services of a compose file that are a gateway. */
export function examineCompose(value: unknown, file: DeployFile, plan: Plan): readonly Disagreement[] {
  const services = Object.values(asRecord(at(value, 'services')))
  const ours =
    services.length === 1 ? services : services.filter((service) => /fluxlit/.test(JSON.stringify(service)))
  return ours.flatMap((service) => {
    const grace = milliseconds(textOf(at(service, 'stop_grace_period'))) ?? unwrittenMs
    return [
      ...cutsOff({ file, key: 'stop_grace_period' }, grace, graceOf(plan.config)),
      ...portFindings(service, file, plan),
      ...imageFindings(service, file),
      ...writable(service, file, plan),
    ]
  })
}

function portFindings(service: unknown, file: DeployFile, plan: Plan): readonly Disagreement[] {
  const targets = list(at(service, 'ports')).map((port) =>
    Number(/(\d+)(?:\/tcp)?$/.exec(textOf(at(port, 'target')) || textOf(port))?.[1]),
  )
  const port = portOf(at(service, 'environment'), plan)
  return targets.length === 0 || targets.includes(port)
    ? []
    : [wrongPort({ file, key: 'ports' }, targets[0] ?? 0, port)]
}

/** What a service sets over what its image says. */
function imageFindings(service: unknown, file: DeployFile): readonly Disagreement[] {
  const host = variable(at(service, 'environment'), 'FLUXLIT_GATEWAY_HOST')
  const signal = textOf(at(service, 'stop_signal'))
  const test = at(service, 'healthcheck', 'test')
  const user = textOf(at(service, 'user'))
  const faults: readonly (readonly [key: string, fault: Fault | null, hint: string])[] = [
    ['FLUXLIT_GATEWAY_HOST', deafListener(host), 'write FLUXLIT_GATEWAY_HOST: "::"'],
    [
      'stop_signal',
      signal === '' ? null : unusableSignal(signal),
      'remove the line: SIGTERM is what is sent without',
    ],
    [
      'test',
      wrongCheck([...list(test).map(textOf), textOf(test)], false),
      'write test: ["CMD", "fluxlit", "healthcheck"]',
    ],
    [
      'user',
      isRootName(user) ? asRoot : null,
      `write user: "${containerUser}:${containerUser}", or remove the line`,
    ],
  ]
  return faults.flatMap(([key, fault, hint]) =>
    fault === null ? [] : [{ code: 'deploy_image', where: lineOf(file, key), hint, ...fault }],
  )
}

const asRoot: Fault = { state: 'WARN', message: 'the gateway and all apps run as root' }

/** Sockets of workers and uploads lie in /tmp. */
function writable(service: unknown, file: DeployFile, plan: Plan): readonly Disagreement[] {
  const { tmpfs, volumes } = asRecord(service)
  const mounts = [...list(tmpfs), ...list(volumes)].map(
    (entry) => textOf(entry) || textOf(at(entry, 'target')),
  )
  const mount = [textOf(tmpfs), ...mounts].find((each) => /(^|:)\/tmp(:|\/?$)/.test(each))
  const hint = `write tmpfs: ["/tmp:size=${plan.temporaryMiB}m,mode=1777"]`
  if (mount === undefined) {
    if (at(service, 'read_only') !== true) return []
    const message =
      'with a root file system that is read-only there is no place for the sockets of the workers'
    return [{ code: 'deploy_image', state: 'FAIL', message, where: lineOf(file, 'read_only'), hint }]
  }
  const size = bytesOf(/\bsize=(\w+)/.exec(mount)?.[1] ?? '')
  if (size === null || size >= plan.uploadBytes) return []
  const message = `/tmp takes ${mebibytes(size)}, and one upload may have ${mebibytes(plan.uploadBytes)}`
  return [{ code: 'deploy_image', state: 'WARN', message, where: lineOf(file, 'tmpfs'), hint }]
}

/** A size as mount(8) reads it; null for a part of the memory, and for what is none. */
function bytesOf(text: string): number | null {
  const [, number, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? []
  return number === undefined
    ? null
    : Number(number) * 1024 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase())
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
