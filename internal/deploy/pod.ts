/** What Pods of both shapes have in common: who they run as, what they may use, how they are asked. */

import { containerState, containerUser, type Plan } from './plan.ts'
import { quoted } from './text.ts'

/** Confinement of the whole Pod. */
export function podFields(): string {
  return `# Neither the gateway nor the apps talk to the Kubernetes API.
automountServiceAccountToken: false
# Variables like FLUXLIT_PORT=tcp://... for every Service of the namespace help nobody.
enableServiceLinks: false
securityContext:
  # Any number but 0 works; the image has no account of that name.
  runAsNonRoot: true
  runAsUser: ${containerUser}
  runAsGroup: ${containerUser}
  # Volumes belong to this group.
  fsGroup: ${containerUser}
  seccompProfile:
    type: RuntimeDefault`
}

/** Pods on different machines where that is possible. */
export function podSpread(plan: Plan): string {
  return `# One machine that fails should not take all Pods with it.
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        app.kubernetes.io/name: ${plan.name}`
}

/** Confinement, ports, resources and volumes of the gateway's container. */
export function containerFields(plan: Plan, { memoryMiB }: { readonly memoryMiB: number }): string {
  return `imagePullPolicy: IfNotPresent
${confinement()}
# \`kubectl describe pod\` then shows why it could not start.
terminationMessagePolicy: FallbackToLogsOnError
ports:
  - name: http
    containerPort: ${plan.port}
  - name: metrics
    containerPort: ${plan.metricsPort}
resources:
  # A guess for ordinary libraries: look at fluxlit_worker_memory_bytes under load, then correct it.
  requests:
    cpu: 250m
    memory: ${Math.ceil(memoryMiB / 2)}Mi
  # No limit of CPU: throttled probes restart healthy Pods. The kernel kills the largest process above this; a
  # worker is then started again, and the Pod stays.
  limits:
    memory: ${memoryMiB}Mi
volumeMounts:
  - name: tmp
    mountPath: /tmp
  - name: state
    mountPath: ${containerState}${certificateMount(plan)}`
}

/** Of every container. */
export function confinement(): string {
  return `securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]`
}

/**
 * How the kubelet asks. The gateway answers before its workers do, so no probe but readiness waits for them: a failing
 * worker is restarted by the gateway, not by the kubelet, and a sidecar that waited for the apps would never see them.
 */
export function probes({ scheme }: Plan): string {
  const get = (path: string): string =>
    `httpGet:\n    path: /__fluxlit/${path}\n    port: http\n    scheme: ${scheme.toUpperCase()}`
  return `# Started: the gateway listens. Never a question to the apps, they may need long or not be there yet.
startupProbe:
  ${get('livez')}
  periodSeconds: 1
  failureThreshold: 60
# Alive: its event loop answers. Workers are its business; killing the Pod for one would take the others along.
livenessProbe:
  ${get('livez')}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
# Ready: every required worker answers and nothing is draining. Only this takes the Pod out of the Service.
readinessProbe:
  ${get('readyz')}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2`
}

/** Volumes of the gateway's container. */
export function podVolumes(plan: Plan): string {
  return `volumes:
  # Sockets of the workers, and uploads while the API reads them (four of the largest allowed).
  - name: tmp
    emptyDir:
      sizeLimit: ${plan.temporaryMiB}Mi
  # Lives as long as the Pod. What all Pods must share comes from Secrets.
  - name: state
    emptyDir:
      sizeLimit: 64Mi${certificateVolume(plan)}`
}

/** Where the certificate is mounted. */
const certificates = '/run/secrets/tls'

/** Variables that lead to the mounted certificate; `''` without TLS. */
export function certificateVariables({ config }: Plan): string {
  if (config.tls === null) return ''
  return `# The files of the Secret below; renewed ones are taken up without a restart.
- name: FLUXLIT_TLS_CERT_FILE
  value: ${certificates}/tls.crt
- name: FLUXLIT_TLS_KEY_FILE
  value: ${certificates}/tls.key
`
}

function certificateMount({ config }: Plan): string {
  return config.tls === null ? '' : `\n  - name: tls\n    mountPath: ${certificates}\n    readOnly: true`
}

function certificateVolume({ config, name }: Plan): string {
  if (config.tls === null) return ''
  return `\n  # As cert-manager writes it, or: kubectl create secret tls ${name}-tls --cert FILE --key FILE
  - name: tls
    secret:
      secretName: ${quoted(`${name}-tls`)}`
}
