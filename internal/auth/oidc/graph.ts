/** Groups of a person from Microsoft Graph: Entra puts at most 200 into a token, and their ids instead of names. */

import type { Outbound } from '../outbound.ts'
import { ProviderError } from './provider-error.ts'

/** Pages of 999 that are read at most. */
const mostPages = 10

/** Ids or names of every group the person is in, directly or through another one. */
export async function groupsFromGraph(
  outbound: Outbound,
  graphUrl: string,
  accessToken: string,
  names: boolean,
): Promise<readonly string[]> {
  const origin = new URL(graphUrl).origin
  let next: string | null =
    `${origin}/v1.0/me/transitiveMemberOf/microsoft.graph.group?$select=id,displayName&$top=999`
  const groups: string[] = []
  for (let page = 0; next !== null && page < mostPages; page++) {
    // The token goes nowhere else, whatever the answer says.
    if (new URL(next).origin !== origin) throw new ProviderError('invalid', 'graph_next_link')
    const answer = await outbound.fetch(next, { headers: { authorization: `Bearer ${accessToken}` } })
    if (answer.status !== 200) throw new ProviderError('unavailable', `graph_${answer.status}`)
    const body: unknown = await answer.json()
    groups.push(...groupsIn(body, names))
    next = nextLink(body)
  }
  return groups
}

function groupsIn(body: unknown, names: boolean): readonly string[] {
  if (typeof body !== 'object' || body === null || !('value' in body) || !Array.isArray(body.value)) return []
  return body.value.flatMap((group: unknown) => {
    if (typeof group !== 'object' || group === null) return []
    const value = names ? 'displayName' in group && group.displayName : 'id' in group && group.id
    return typeof value === 'string' ? [value] : []
  })
}

function nextLink(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('@odata.nextLink' in body)) return null
  const link = body['@odata.nextLink']
  return typeof link === 'string' && URL.canParse(link) ? link : null
}
