import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { settingsOf } from '../../../scripts/cluster/image.ts'
import { kubernetesVersion } from '../../../scripts/cluster/programs.mjs'
import { repository } from '../../support/python.ts'

test('an image for the cluster has the settings of the last stage of the Dockerfile', () => {
  const settings = settingsOf(readFileSync(join(repository, 'config', 'deploy', 'Dockerfile'), 'utf8'))
  assert.deepEqual(settings.Entrypoint, ['fluxlit', 'serve', '-c', '/app/fluxlit.toml'])
  assert.deepEqual([settings.User, settings.WorkingDir], ['65532:65532', '/app'])
  assert.ok(settings.Env?.includes('PYTHONFAULTHANDLER=1'), 'of several in one instruction')
  assert.ok(settings.Env?.some((pair) => pair.startsWith('PATH=/venv/bin:/usr/local/sbin:')))
})

test('the version of Kubernetes is the one that go.mod requires, with the parts published beside it', () => {
  const version = kubernetesVersion()
  assert.match(version, /^v1\.\d+\.\d+$/)
  const text = readFileSync(join(repository, 'scripts', 'cluster', 'kubernetes', 'go.mod'), 'utf8')
  const parts = [...text.matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ v0(\S+)$/gm)].map(
    ([, part]) => `v1${part}`,
  )
  assert.ok(parts.length > 20)
  assert.deepEqual([...new Set(parts)], [version])
})
