/** `--kind kubernetes`: one container per Pod, in which the gateway runs the Python processes. */

import { podDisruptionBudget, horizontalPodAutoscaler, kustomization } from './scaling.ts'
import { certificateVariables, containerFields, podFields, podVolumes, podSpread, probes } from './pod.ts'
import { httpRoute, networkPolicy, service, sessionPersistence } from './network.ts'
import { graceOf, graceWords, kubernetesDelayMs, outerGraceS, secondsText, type Plan } from './plan.ts'
import { header, indented, type DeployFile } from './text.ts'

const directory = 'kubernetes'

/** Plain manifests and a kustomization over them. */
export function kubernetesFiles(plan: Plan): readonly DeployFile[] {
  return manifests(plan, directory, deployment(plan))
}

/** What belongs around a Deployment, whatever is in its Pods. */
export function manifests(plan: Plan, folder: string, workload: string): readonly DeployFile[] {
  const files: readonly DeployFile[] = [
    { path: 'deployment.yaml', text: workload },
    { path: 'service.yaml', text: service(plan) },
    { path: 'poddisruptionbudget.yaml', text: podDisruptionBudget(plan) },
    { path: 'horizontalpodautoscaler.yaml', text: horizontalPodAutoscaler(plan) },
    { path: 'networkpolicy.yaml', text: networkPolicy(plan) },
    { path: 'httproute.yaml', text: httpRoute(plan) },
  ]
  const patch: readonly DeployFile[] = plan.isSticky
    ? [{ path: 'session-persistence.yaml', text: sessionPersistence(plan) }]
    : []
  const all = [...files, ...patch, { path: 'kustomization.yaml', text: kustomization(plan, files, patch) }]
  return all.map(({ path, text }) => ({ path: `${folder}/${path}`, text }))
}

function deployment(plan: Plan): string {
  const grace = graceOf(plan.config, kubernetesDelayMs)
  return `${header(plan, 'The apps behind their gateway: one container per Pod, the gateway is its process 1.')}
${podTemplate(plan)}
      # ${graceWords(grace)}. The kubelet kills what is still there then.
      terminationGracePeriodSeconds: ${outerGraceS(grace)}
${indented(podFields(), 6)}
${indented(podSpread(plan), 6)}
      containers:
        - name: fluxlit
          # The image of \`fluxlit build --kind docker\`; \`kustomize edit set image\` names your registry.
          image: ${plan.name}:latest
${indented(containerFields(plan, { memoryMiB: plan.memoryMiB }), 10)}
          env:
            # Readiness says 503 for so long before the listener closes, because the nodes hear of it one by one. It is
            # part of the grace above, and in place of a preStop hook.
            - name: FLUXLIT_DRAIN_DELAY
              value: ${secondsText(grace.delayMs).replace(' ', '')}
${indented(metricsVariable(plan) + cookieVariable(plan) + certificateVariables(plan) + trustNote(), 12).trimEnd()}
${indented(probes(plan), 10)}
${indented(podVolumes(plan), 6)}
`
}

/** A Deployment up to where the `spec` of its Pods begins. */
export function podTemplate(plan: Plan): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${plan.name}
  labels:
    app.kubernetes.io/name: ${plan.name}
spec:
${strategy(plan)}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${plan.name}
    spec:`
}

/** How Pods follow one another. */
function strategy(plan: Plan): string {
  return `  # No \`replicas\`: the HorizontalPodAutoscaler counts, and every apply would set it back.
  # A new Pod has to be ready before an old one goes; every Pod that goes cuts its Streamlit sessions.
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  # Ready for so long, not only for a moment.
  minReadySeconds: 5
  # The gateway gives up after about ${plan.startS} s (ready_timeout x boot_attempts); images have to be pulled, too.
  progressDeadlineSeconds: ${Math.max(600, plan.startS + 300)}
  selector:
    matchLabels:
      app.kubernetes.io/name: ${plan.name}`
}

/** Where Prometheus reads. */
export function metricsVariable({ metricsPort }: Plan): string {
  return `# Metrics alone, on a port of their own; the admin listener with the status stays on loopback.
- name: FLUXLIT_METRICS_LISTEN
  value: "[::]:${metricsPort}"
`
}

/** The key Streamlit signs its cookies with, from a Secret; `''` without Streamlit. */
export function cookieVariable(plan: Plan): string {
  if (!plan.isSticky) return ''
  return `# One key on every Pod, or a browser that comes to another one is signed out of st.login:
#   kubectl create secret generic ${plan.name} --from-literal=cookie-secret="$(openssl rand -hex 32)"
- name: STREAMLIT_SERVER_COOKIE_SECRET
  valueFrom:
    secretKeyRef:
      name: ${plan.name}
      key: cookie-secret
      # Without the Secret every Pod makes its own.
      optional: true
`
}

/** Whose forwarded headers count is known to the cluster's operator only. */
export function trustNote(): string {
  return `# The Pods of your Gateway or ingress: only then the client's address and https are known to the apps.
#- name: FLUXLIT_TRUSTED_PROXIES
#  value: '["10.0.0.0/8"]'
`
}
