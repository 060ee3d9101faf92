/** Units of systemd against the configuration. */

import { credentialFiles, variableLine } from './credentials.ts'
import { cutsOff, lineOf, wrongPort, type Disagreement } from './examine-words.ts'
import { graceOf, type Plan } from './plan.ts'
import { milliseconds } from './span.ts'
import type { DeployFile } from './text.ts'

/** What systemd waits when nothing is written. */
const unwrittenMs = 90_000

/** A service. */
export function examineUnit(file: DeployFile, plan: Plan): readonly Disagreement[] {
  const stop = milliseconds(setting(file, 'TimeoutStopSec') ?? '') ?? unwrittenMs
  return [
    ...cutsOff({ file, key: 'TimeoutStopSec' }, stop === 0 ? Infinity : stop, graceOf(plan.config)),
    ...forbidden(file),
    ...hiddenHome(file, plan),
    ...heldBack(file, plan),
  ]
}

/** A socket. */
export function examineSocket(file: DeployFile, { config, port }: Plan): readonly Disagreement[] {
  const given = setting(file, 'ListenStream')
  const { host } = config.listen
  const expected = `${host.includes(':') ? `[${host}]` : host}:${config.listen.port || port}`
  const same = given === expected || given === String(config.listen.port)
  return given === null || same ? [] : [wrongPort({ file, key: 'ListenStream' }, given, expected)]
}

/** The last value of a key, as for systemd; null when it is not written. */
function setting({ text }: DeployFile, key: string): string | null {
  const values = [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value.trim())
  return values.at(-1) ?? null
}

function forbidden(file: DeployFile): readonly Disagreement[] {
  if (!isYes(setting(file, 'MemoryDenyWriteExecute'))) return []
  return [
    {
      code: 'deploy_unit',
      state: 'FAIL',
      message:
        'MemoryDenyWriteExecute ends the gateway at its first step: the engine inside compiles while it runs',
      where: lineOf(file, 'MemoryDenyWriteExecute'),
      hint: 'remove the line',
    },
  ]
}

function hiddenHome(file: DeployFile, { project }: Plan): readonly Disagreement[] {
  if (!isYes(setting(file, 'ProtectHome')) || !/^\/(home|root|run\/user)\//.test(`${project.root}/`))
    return []
  return [
    {
      code: 'deploy_unit',
      state: 'FAIL',
      message: `ProtectHome hides ${project.root} from the service`,
      where: lineOf(file, 'ProtectHome'),
      hint: 'move the project to /srv or /opt, or write ProtectHome=read-only',
    },
  ]
}

/** Secrets that were named after the unit was written: the account of the service cannot read what is root's alone. */
function heldBack(file: DeployFile, plan: Plan): readonly Disagreement[] {
  if (!isYes(setting(file, 'DynamicUser'))) return []
  const loaded = [...file.text.matchAll(/^LoadCredential=[^:\n]*:(.*)$/gm)].map(([, path = '']) =>
    path.trim(),
  )
  return credentialFiles(plan)
    .filter(({ path }) => !loaded.includes(path.replaceAll('%', '%%')))
    .map(({ key, path }) => ({
      code: 'deploy_unit',
      state: 'WARN',
      message: `${path} (${key}) is not handed to the service, whose account can read it only if everybody can`,
      where: lineOf(file, 'DynamicUser'),
      hint: `write LoadCredential=${key}:${path} and ${variableLine(key)}, or the unit anew: fluxlit build --kind systemd -f`,
    }))
}

function isYes(value: string | null): boolean {
  return /^(yes|true|on|1)$/i.test(value ?? '')
}
