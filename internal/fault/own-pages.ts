/** Pages of the operator's own, in place of the built-in ones. */

import { failures, type FailureCode } from './failure.ts'

/** Templates by what they are for, and the language they are in. */
export interface OwnPages {
  /** As in `<html lang>`. */
  readonly lang: string
  /** By a status, `maintenance`, `starting` (a worker that starts for the first time), or `error` for all others. */
  readonly templates: Readonly<Record<string, string>>
}

/** What stands in braces in a template. */
export const placeholders = [
  'request_id',
  'code',
  'status',
  'title',
  'detail',
  'retry_after',
  'lang',
] as const

/** Values of {@link placeholders}. */
export type PlaceholderValues = Readonly<Record<(typeof placeholders)[number], string>>

/** What a template may be named after. */
export const templateNames: ReadonlySet<string> = new Set([
  ...Object.values(failures).map(([status]) => String(status)),
  'maintenance',
  'starting',
  'error',
])

/** A name in braces. What is written otherwise (`{ margin: 0 }`) is none. */
export const placeholderForm = /\{([a-z][a-z0-9_]*)\}/g

/** The template for a failure; null = the built-in page. A page for 503 is none for a start: that one continues by itself. */
export function templateFor({ templates }: OwnPages, code: FailureCode): string | null {
  if (code === 'worker_starting') return templates['starting'] ?? null
  const special = code === 'maintenance' ? templates['maintenance'] : undefined
  return special ?? templates[String(failures[code][0])] ?? templates['error'] ?? null
}

/** A template with its values, which must be safe in HTML already. */
export function filled(template: string, values: PlaceholderValues): string {
  const known = new Map<string, string>(Object.entries(values))
  return template.replace(placeholderForm, (whole, name: string) => known.get(name) ?? whole)
}
