/** The request half of the matrix: every case, in the order of the groups. */

import type { RequestCase } from './case.ts'
import { chunkCases } from './chunks.ts'
import { fieldCases } from './fields.ts'
import { framingCases } from './framing.ts'
import { hopCases } from './hops.ts'
import { pathCases } from './paths.ts'
import { requestLineCases } from './request-line.ts'
import { targetCases } from './targets.ts'
import { upgradeCases } from './upgrades.ts'

/** Cases of one subject. */
export interface Group {
  /** A sentence's subject, for headings. */
  readonly title: string
  readonly cases: readonly RequestCase[]
}

/** All groups; an id occurs once. */
export const groups: readonly Group[] = [
  { title: 'Request line and ends of lines', cases: requestLineCases },
  { title: 'Target and Host', cases: targetCases },
  { title: 'Fields', cases: fieldCases },
  { title: 'Length of the body', cases: framingCases },
  { title: 'Chunks', cases: chunkCases },
  { title: 'Expect, and fields of one hop', cases: hopCases },
  { title: 'Upgrades', cases: upgradeCases },
  { title: 'Paths', cases: pathCases },
]

/** Every case of every group. */
export const requestCases: readonly RequestCase[] = groups.flatMap(({ cases }) => cases)
