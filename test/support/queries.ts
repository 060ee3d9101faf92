/** The queries in config/: of the dashboard and of the alert rules. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'
import { repository } from './python.ts'

/** One query and where it stands. */
export interface Query {
  readonly where: string
  readonly text: string
}

export const rulesFile = join(repository, 'config', 'prometheus', 'fluxlit-alerts.yml')
const dashboardFile = join(repository, 'config', 'grafana', 'fluxlit-dashboard.json')

/** All queries, with the dashboard's variables filled in. */
export function allQueries(): readonly Query[] {
  return [
    ...textsNamed(parse(readFileSync(rulesFile, 'utf8')), 'expr', 'alerts'),
    ...textsNamed(JSON.parse(readFileSync(dashboardFile, 'utf8')), 'expr', 'dashboard').map(
      ({ where, text }) => ({
        where,
        text: text.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
      }),
    ),
  ]
}

function textsNamed(value: unknown, name: string, where: string): readonly Query[] {
  if (typeof value !== 'object' || value === null) return []
  const title = 'title' in value ? value.title : 'alert' in value ? value.alert : undefined
  const here = typeof title === 'string' ? `${where}: ${title}` : where
  return Object.entries(value).flatMap(([key, below]: [string, unknown]) =>
    key === name && typeof below === 'string'
      ? [{ where: here, text: below }]
      : textsNamed(below, name, here),
  )
}
