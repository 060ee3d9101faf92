import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { buildInfo } from '../../../internal/cli/build.ts'
import { embedded } from '../../../internal/cli/embedded.ts'
import { repository } from '../../support/python.ts'

test('run from source the version is that of package.json and nothing was stamped in', () => {
  const manifest = readFileSync(join(repository, 'package.json'), 'utf8')
  const { version, ...rest } = buildInfo()
  assert.ok(manifest.includes(`"version": "${version}"`))
  assert.deepEqual(rest, { commit: 'development', target: 'development', node: process.versions.node })
})

test('an embedded file is read from the repository when run from source', () => {
  assert.equal(
    embedded('internal/python/bootstrap.py'),
    readFileSync(join(repository, 'internal/python/bootstrap.py'), 'utf8'),
  )
})

test('asking for a file that is not there is an error that names it', () => {
  assert.throws(() => embedded('internal/python/nothing.py'), /nothing\.py/)
})
