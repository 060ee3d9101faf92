import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { AuthCounts } from '../../../internal/metrics/auth-counts.ts'
import { Exposition } from '../../../internal/metrics/exposition.ts'
import { LagMeter } from '../../../internal/metrics/lag.ts'
import { LiveMetrics } from '../../../internal/metrics/live-metrics.ts'
import { readExposition } from '../../support/exposition.ts'
import { repository } from '../../support/python.ts'

test('docs/operations.md lists every metric there is, and no other', async (t) => {
  const page = readFileSync(join(repository, 'docs', 'operations.md'), 'utf8')
  const table = page.slice(page.indexOf('<!-- metrics -->'), page.indexOf('<!-- end of metrics -->'))
  const listed = [...table.matchAll(/^\| `(fluxlit_\w+)` \|/gm)].map(([, name]) => name)
  const lag = new LagMeter()
  t.after(() => lag.close())
  const exposition = new Exposition({
    auth: new AuthCounts(),
    traffic: new LiveMetrics(),
    lag,
    sources: {
      build: { version: '1', commit: 'c', node: '26' },
      routes: () => [],
      workers: () => [],
      held: () => 0,
      logDropped: () => 0,
      reload: () => ({ succeeded: true, at: 0 }),
      certificateExpiresAt: () => null,
      maintenance: () => [],
      scrapeTargets: () => [],
    },
  })
  const { body } = await exposition.read(undefined)
  assert.deepEqual(new Set(listed), new Set(readExposition(body).keys()))
})
