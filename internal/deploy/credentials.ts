/**
 * Secrets of a service: root reads them once, and they lie in a directory in memory that only this service sees
 * (`LoadCredential=`, systemd.exec(5)). An account that exists only while the service runs could read them nowhere else.
 */

import type { SecretPlace } from '../config/config.ts'
import { isSpawned, type Plan } from './plan.ts'

/** The lines of the unit for every secret the configuration names; `''` when it names none. */
export function credentialLines(plan: Plan): string {
  const files = credentialFiles(plan)
  const loaded =
    files.length === 0
      ? ''
      : `# Files with secrets as root reads them: mode 0600 is enough. A change needs a restart, for the same reason.
${files.map(load).join('')}`
  return certificates(plan) + loaded + plan.config.secretPlaces.map(advice).join('')
}

/** Every file that {@link credentialLines} hands over. */
export function credentialFiles(plan: Plan): readonly Credential[] {
  return [...secretFiles(plan), ...environmentFiles(plan)]
}

/** A file with a secret, and the setting that names it. */
export interface Credential {
  /** Of the setting, without `_file`: `auth.oidc.client_secret`. */
  readonly key: string
  /** Absolute. */
  readonly path: string
}

function secretFiles({ config }: Plan): readonly Credential[] {
  return config.secretPlaces.flatMap((place) => (place.kind === 'file' ? [place] : []))
}

function environmentFiles({ config }: Plan): readonly Credential[] {
  return config.workers.flatMap((worker) => {
    const file = isSpawned(worker) ? worker.run.envSources.file : null
    return file === null ? [] : [{ key: `workers.${worker.name}.env`, path: file.path }]
  })
}

/** The variable counts more than the path in the configuration, which still holds where there is no systemd. */
function load({ key, path }: Credential): string {
  return `LoadCredential=${key}:${specified(path)}\n${variableLine(key)}\n`
}

/** Variables can be seen in /proc and by whoever may ask systemd; a text in the configuration by whoever reads that. */
function advice(place: SecretPlace): string {
  if (place.kind === 'file') return ''
  const now =
    place.kind === 'variable'
      ? `is the variable ${place.name}, which belongs into /etc/fluxlit/fluxlit.env`
      : 'stands in the configuration'
  return `# ${place.key} ${now}. A file for root alone is better:
#LoadCredential=${place.key}:/etc/fluxlit/${place.key}
#${variableLine(place.key)}
`
}

/** By which the gateway looks for the credential in place of the path in the configuration. */
export function variableLine(key: string): string {
  return `Environment=FLUXLIT_${key.toUpperCase().replaceAll('.', '_')}_FILE=${key}`
}

/** A key only root can read gets to the service as a credential. */
function certificates({ config }: Plan): string {
  if (config.tls === null) return ''
  const { certFile, keyFile } = config.tls
  return `# Certificate and key as root reads them; restart after a renewal (systemd copies them at the start).
LoadCredential=tls.crt:${specified(certFile)}
LoadCredential=tls.key:${specified(keyFile)}
Environment=FLUXLIT_TLS_CERT_FILE=tls.crt FLUXLIT_TLS_KEY_FILE=tls.key
`
}

/** `%` begins a specifier. */
function specified(path: string): string {
  return path.replaceAll('%', '%%')
}
