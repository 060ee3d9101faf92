import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createAuthWatch } from '../../../internal/app/auth-watch.ts'
import { identityOf } from '../../../internal/auth/identity.ts'
import { failure } from '../../../internal/fault/failure.ts'
import type { AuditEvent } from '../../../internal/log/audit.ts'
import { AuthCounts } from '../../../internal/metrics/auth-counts.ts'
import { accessTo } from '../../support/access.ts'

test('the audit tells a refusal of a page from one of the person, and nothing of the handle', () => {
  const events: AuditEvent[] = []
  const watch = createAuthWatch(new AuthCounts(), (event) => events.push(event))
  const lines = ['Authorization: Bearer flxk_secret']
  const request = accessTo({ target: '/api/x', worker: 'uvicorn', internal: true, lines })
  for (const via of ['handle', 'oidc'] as const)
    watch.denied(request, identityOf({ via, subject: 'ann' }), 'fluxlit.toml:7', failure('forbidden'))
  const said = events.map((event) => [event.event, 'sub' in event && event.sub, 'via' in event && event.via])
  assert.deepEqual(said, [
    ['authz.deny', 'ann', 'streamlit'],
    ['authz.deny', 'ann', false],
  ])
  assert.equal(JSON.stringify(events).includes('secret'), false)
})
