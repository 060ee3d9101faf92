/** How traffic reaches the Pods: Service, NetworkPolicy, and a route of the Gateway API. */

import type { Plan } from './plan.ts'
import { header, mebibytes, quoted } from './text.ts'

/** The Service the route leads to. */
export function service(plan: Plan): string {
  return `${header(plan, 'One name for all Pods that are ready.')}
apiVersion: v1
kind: Service
metadata:
  name: ${plan.name}
  labels:
    app.kubernetes.io/name: ${plan.name}
spec:
  # Both families where the cluster has them, one where not.
  ipFamilyPolicy: PreferDualStack
  selector:
    app.kubernetes.io/name: ${plan.name}
  # No sessionAffinity: behind a proxy all clients have the proxy's address. The route keeps sessions together.
  ports:
    - name: http
      port: ${plan.scheme === 'https' ? 443 : 80}
      targetPort: http
      # Proxies need not guess; WebSockets are HTTP/1.1 upgrades.
      appProtocol: ${plan.scheme}
`
}

/** Who may talk to the Pods. */
export function networkPolicy(plan: Plan): string {
  return `${header(plan, 'What may reach the Pods. Needs a network that enforces policies.')}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${plan.name}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${plan.name}
  policyTypes: [Ingress]
  ingress:
    # Users. Narrow it to the namespace your Gateway runs in:
    #   from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: gateway-system } } }]
    - ports:
        - port: http
    # Metrics name workers and count requests: only the collector.
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: monitoring
      ports:
        - port: metrics
  # Egress is open, because only you know which databases and services the apps need. To close it add Egress to
  # policyTypes, allow port 53 (UDP and TCP) to kube-system, and what the apps call.
`
}

/** The route from the cluster's Gateway. */
export function httpRoute(plan: Plan): string {
  return `${header(plan, 'From the Gateway of the cluster to the Service (gateway.networking.k8s.io, any implementation).')}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${plan.name}
spec:
  parentRefs:
    # The name of your Gateway, and its namespace when it is another one: kubectl get gateways -A
    - name: gateway
${hostnames(plan)}
  rules:
    - matches:
        - path:
            type: PathPrefix
            value: ${quoted(plan.config.rootPath === '' ? '/' : plan.config.rootPath)}
      # Not limited here: a Streamlit page is one WebSocket for hours, an upload (up to ${mebibytes(plan.uploadBytes)}) takes minutes.
      # The gateway has limits for idle ones. If yours limits bodies, allow that size.
      timeouts:
        request: 0s
        backendRequest: 0s
      backendRefs:
        - name: ${plan.name}
          port: ${plan.scheme === 'https' ? 443 : 80}
`
}

function hostnames({ config }: Plan): string {
  const names = publicNames(config)
  if (names.length === 0)
    return '  # Every host of the Gateway; better name yours (and write it into `allowed_hosts`): hostnames: [app.example.com]'
  return `  # ${config.allowedHosts.length > 0 ? 'allowed_hosts' : 'public_base_url'} of the configuration.
  hostnames: [${names.map(quoted).join(', ')}]`
}

function publicNames(config: Plan['config']): readonly string[] {
  const named = config.allowedHosts.filter((name) => !name.startsWith('[') && !/^[0-9.]+$/.test(name))
  if (named.length > 0) return named
  return config.publicBaseUrl === '' ? [] : [new URL(config.publicBaseUrl).hostname]
}

/** The patch that keeps a browser on its Pod. */
export function sessionPersistence(plan: Plan): string {
  return `${header(plan, 'Patch: a browser comes back to the Pod that has its Streamlit session.')}
#
# Streamlit keeps a session in one process; uploads and media of it are separate requests, and another Pod answers them
# with 400 and 404. \`sessionPersistence\` belongs to the experimental channel of the Gateway API. If the cluster has the
# standard channel, \`kubectl apply\` says so (unknown field): remove this patch from kustomization.yaml and use what
# your implementation has (Envoy Gateway: BackendTrafficPolicy with a consistent hash by cookie; Traefik: a sticky
# Service; Istio: DestinationRule with a consistent hash by cookie), or keep one Pod (maxReplicas: 1).
- op: add
  path: /spec/rules/0/sessionPersistence
  value:
    # Of the load balancer; nobody is signed in by it.
    sessionName: ${plan.name}-pod
    type: Cookie
    cookieConfig:
      # Ends with the browser.
      lifetimeType: Session
`
}
