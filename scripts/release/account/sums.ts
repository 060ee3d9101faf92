/** Check sums of the files of a release, in the form `sha256sum --check` reads. */

import { createHash } from 'node:crypto'

import type { Artefact } from '../packages/artefact.ts'

/** What is kept of a file after it was written. */
export interface Sum {
  readonly name: string
  readonly size: number
  readonly sha256: string
  readonly sha512: string
}

/** Computes both. */
export function sumOf({ name, bytes }: Artefact): Sum {
  const hex = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex')
  return { name, size: bytes.length, sha256: hex('sha256'), sha512: hex('sha512') }
}

/** One line per file, sorted by name. */
export function sumsText(sums: readonly Sum[], algorithm: 'sha256' | 'sha512'): string {
  return sums
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((sum) => `${sum[algorithm]}  ${sum.name}\n`)
    .join('')
}
