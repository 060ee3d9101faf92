/** The executable of each target, and what went into it. */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { buildFacts, bundle } from '../build/bundle.mjs'
import { assemble, baseExecutable } from '../build/executable.mjs'
import { pageName } from '../build/page.mjs'
import { installNode, publishedNodePath } from '../setup/toolchain.mjs'
import type { Metafile } from './contents/libraries.ts'
import type { Target } from './targets.ts'

/** One finished executable. */
export interface Executable {
  readonly target: Target
  readonly path: string
  /** SHA-256 of the Node as it was published, and as it was filled. */
  readonly published: string
  readonly prepared: string
  /** What the bundler took, for the program and for the status page. */
  readonly metafiles: readonly Metafile[]
}

/**
 * Makes one.
 * @param work an own directory for it is made inside
 * @throws {SetupError} when its Node cannot be had, or is not of the kind the scripts know to prepare
 */
export async function makeExecutable(target: Target, work: string): Promise<Executable> {
  const directory = join(work, target.id)
  const main = join(directory, 'fluxlit.mjs')
  const path = join(directory, target.executable)
  mkdirSync(directory, { recursive: true })
  await installNode(target.id)
  await bundle('cmd/fluxlit/main.ts', main, await buildFacts(target.id))
  await assemble(directory, path, target.id)
  return {
    target,
    path,
    published: sha256(publishedNodePath(target.id)),
    prepared: sha256(await baseExecutable(target.id)),
    metafiles: [main, join(directory, basename(pageName))].map((file) =>
      JSON.parse(readFileSync(`${file}.meta.json`, 'utf8')),
    ),
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
