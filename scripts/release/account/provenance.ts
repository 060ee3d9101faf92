/**
 * Where the files of a release come from: an in-toto statement with a SLSA 1.0 predicate. It is not signed; whoever
 * publishes a release signs it, or makes the release again and compares.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { nodeVersion } from '../../setup/toolchain.mjs'
import { repository } from '../../shell/progress.mjs'
import { timestamp } from '../identity.ts'
import type { Identity } from '../identity.ts'
import { mailbox } from '../maintainer.ts'
import type { Sum } from './sums.ts'

/** One Node that went into an executable. */
export interface NodeInput {
  readonly target: string
  readonly published: string
  readonly prepared: string
}

/** @param subjects every other file of the release */
export function provenance(
  subjects: readonly Sum[],
  nodes: readonly NodeInput[],
  identity: Identity,
): string {
  const { version, commit, epoch, isDirty, maintainer } = identity
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:fluxlit:release:1',
        externalParameters: {
          command: 'npm run release',
          version,
          commit,
          targets: nodes.map(({ target }) => target),
          maintainer: mailbox(maintainer),
        },
        internalParameters: { sourceDate: timestamp(epoch), changedFiles: isDirty, node: nodeVersion() },
        resolvedDependencies: [
          { name: 'source', digest: { gitCommit: commit } },
          { name: 'package-lock.json', digest: { sha256: hashOf('package-lock.json') } },
          { name: 'config/node.json', digest: { sha256: hashOf('config/node.json') } },
          ...nodes.map(({ target, published, prepared }) => ({
            name: `node ${nodeVersion()} ${target}`,
            digest: { sha256: published },
            annotations: { preparedSha256: prepared },
          })),
        ],
      },
      runDetails: { builder: { id: 'urn:fluxlit:local' } },
    },
  }
  return `${JSON.stringify(statement, null, 2)}\n`
}

function hashOf(path: string): string {
  return createHash('sha256')
    .update(readFileSync(join(repository, path)))
    .digest('hex')
}
