/** How many Pods there are, and the kustomization that puts the files together. */

import type { Plan } from './plan.ts'
import { header, type DeployFile } from './text.ts'

/** How many Pods may go at once when machines are emptied. */
export function podDisruptionBudget(plan: Plan): string {
  return `${header(plan, 'How many Pods may go at the same time when machines are emptied.')}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: ${plan.name}
spec:
  # A share or minAvailable would stop the emptying of machines while there is only one Pod.
  maxUnavailable: 1
  # A Pod that never becomes ready must not keep a machine from being emptied.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      app.kubernetes.io/name: ${plan.name}
`
}

/** How many Pods there are. */
export function horizontalPodAutoscaler(plan: Plan): string {
  const least = plan.isSticky
    ? `  # Two, so that an update or a lost machine does not stop everything. Each has sessions of its own: see
  # session-persistence.yaml, or set both numbers to 1.`
    : '  # Two, so that an update or a lost machine does not stop everything.'
  return `${header(plan, 'How many Pods there are. Needs the metrics server.')}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: ${plan.name}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: ${plan.name}
${least}
  minReplicas: 2
  maxReplicas: 6
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          # Of the request, which is small: Python works in bursts.
          averageUtilization: 150
  behavior:
    # Every Pod that goes cuts its Streamlit sessions: slowly, one at a time.
    scaleDown:
      stabilizationWindowSeconds: 300
      policies:
        - type: Pods
          value: 1
          periodSeconds: 120
`
}

/** `kubectl apply -k`. */
export function kustomization(
  plan: Plan,
  files: readonly DeployFile[],
  patches: readonly DeployFile[],
): string {
  const patchLines = patches.map(
    ({ path }) => `  - target:\n      kind: HTTPRoute\n      name: ${plan.name}\n    path: ${path}\n`,
  )
  return `${header(plan, 'Everything together: kubectl apply -k .')}
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
${files.map(({ path }) => `  - ${path}\n`).join('')}${
    patches.length === 0
      ? ''
      : `# What only some clusters understand; the file says what to do in the others.\npatches:\n${patchLines.join('')}`
  }# Where the image really is: kustomize edit set image ${plan.name}=registry.example/${plan.name}:1.0.0
images:
  - name: ${plan.name}
    newName: ${plan.name}
    # A tag that never moves; "latest" cannot be rolled back.
    newTag: latest
`
}
