import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { SecretPlace } from '../../../internal/config/config.ts'
import { deploymentFiles } from '../../../internal/deploy/files.ts'
import type { Plan } from '../../../internal/deploy/plan.ts'
import { planOf, textOf } from './plans.ts'

const api = '[workers.api]\napp = "main:app"\n'

function unit(plan: Plan, secretPlaces: readonly SecretPlace[] = []): string {
  const made = deploymentFiles('systemd', { ...plan, config: { ...plan.config, secretPlaces } })
  if (made.kind === 'problems') throw new Error(JSON.stringify(made.problems))
  return textOf(made.files, 'systemd/fluxlit.service')
}

test('a secret in a file that only root can read gets to the service as a credential', async (t) => {
  const text = unit(await planOf(t, api), [
    { key: 'auth.oidc.client_secret', kind: 'file', path: '/etc/fluxlit/50% secret' },
  ])
  assert.match(
    text,
    /^LoadCredential=auth\.oidc\.client_secret:\/etc\/fluxlit\/50%% secret\nEnvironment=FLUXLIT_AUTH_OIDC_CLIENT_SECRET_FILE=auth\.oidc\.client_secret$/m,
  )
})

test('variables of a worker in a file do, too', async (t) => {
  const text = unit(await planOf(t, `${api}env_file = "queue.env"\n`))
  assert.match(text, /^LoadCredential=workers\.api\.env:\/srv\/shop\/queue\.env$/m)
  assert.match(text, /^Environment=FLUXLIT_WORKERS_API_ENV_FILE=workers\.api\.env$/m)
})

test('a secret that is a variable, or written down, has the lines for a file as a proposal', async (t) => {
  const text = unit(await planOf(t, api), [
    { key: 'admin.password', kind: 'variable', name: 'ADMIN_PASSWORD' },
    { key: 'auth.session.redis_url', kind: 'text' },
  ])
  assert.match(text, /^# admin\.password is the variable ADMIN_PASSWORD, which belongs into /m)
  assert.match(text, /^#Environment=FLUXLIT_ADMIN_PASSWORD_FILE=admin\.password$/m)
  assert.match(text, /^# auth\.session\.redis_url stands in the configuration\. /m)
  assert.doesNotMatch(text, /^LoadCredential/m)
})

test('without secrets there is no line about them', async (t) => {
  assert.doesNotMatch(unit(await planOf(t, api)), /LoadCredential/)
})
