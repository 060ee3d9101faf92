/** What the ways ask about Pods. */

import { eventually } from '../../test/support/eventually.ts'
import type { Cluster } from './cluster.ts'

/** The part of a Pod that is looked at. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly status: {
    readonly phase: string
    readonly podIP?: string
    readonly podIPs?: readonly { readonly ip: string }[]
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly lastTransitionTime: string
    }[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

/** One container of it. */
export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly started?: boolean
  readonly restartCount: number
  readonly state: { readonly terminated?: { readonly exitCode: number; readonly finishedAt: string } }
}

/** Those of a namespace that are not ending. */
export async function pods(cluster: Cluster, namespace: string): Promise<readonly Pod[]> {
  const { items } = await cluster.get<{ readonly items: readonly Pod[] }>('pods', '--namespace', namespace)
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}

/** Whether the cluster counts it as ready. */
export function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True') === true
}

/** Waits until there are exactly so many Pods, all of them ready and none ending. */
export function settled(cluster: Cluster, namespace: string, count: number): Promise<readonly Pod[]> {
  return eventually(
    `${count} Pods of ${namespace} are ready`,
    async () => {
      const { items } = await cluster.get<{ readonly items: readonly Pod[] }>(
        'pods',
        '--namespace',
        namespace,
      )
      const rest = items.filter((pod) => pod.metadata.deletionTimestamp === undefined && isReady(pod))
      return items.length === count && rest.length === count ? rest : undefined
    },
    300_000,
  )
}

/** How often containers of these Pods were started again. */
export function restarts(all: readonly Pod[]): number {
  return all
    .flatMap(({ status }) => [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0)
}

/** The address of a Service. */
export async function serviceAddress(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<readonly string[]> {
  const words = ['service', name, '--namespace', namespace]
  const { spec } = await cluster.get<{ readonly spec: { readonly clusterIPs: readonly string[] } }>(...words)
  return spec.clusterIPs
}

/** `http://` and a host, which may be an address of IPv6. */
export function urlOf(host: string, port = 80): string {
  return `http://${host.includes(':') ? `[${host}]` : host}${port === 80 ? '' : `:${port}`}`
}
