import assert from 'node:assert/strict'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { exposedSecrets, workerAccounts } from '../../../internal/app/exposed-secrets.ts'
import { loadConfig } from '../../../internal/config/load.ts'
import { freshDirectory } from '../../support/directory.ts'

const toml = `
[auth]
modes = ["jwt"]
[auth.jwt]
issuer = "https://idp.test"
audience = ["x"]
hs256_secret_env = "HS256"
[admin]
password_file = "password"
[state]
dir = "state"
[workers.site]
command = ["sleep", "1"]
mount = "/"
user = "65533:65532"
`

test('secrets that the account of a worker can read are found', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('a worker gets an account from root alone')
  const files = {
    'fluxlit.toml': toml,
    password: 'horse',
    '.env': `HS256=${'x'.repeat(40)}\n`,
    'state/kept': '',
  }
  const directory = await freshDirectory(t, { files })
  const found = (): readonly string[] => {
    const loaded = loadConfig({ cwd: directory, files: ['fluxlit.toml'], env: {}, flags: {} })
    assert.equal(loaded.kind, 'ok')
    if (loaded.kind !== 'ok') return []
    assert.deepEqual([...workerAccounts(loaded.config)], [65_533])
    return exposedSecrets(loaded.config)
      .map(({ message }) => message.replaceAll(`${directory}/`, ''))
      .toSorted()
  }
  // Nobody else can enter the directory.
  assert.deepEqual(found(), [])
  await chmod(directory, 0o755)
  for (const name of ['password', '.env']) await chmod(join(directory, name), 0o644)
  await chmod(join(directory, 'state'), 0o777)
  assert.deepEqual(found(), [
    'the account of worker `site` may change what lies in state, which holds secrets of the gateway',
    'the account of worker `site` may read .env, which holds secrets of the gateway',
    'the account of worker `site` may read password, which holds secrets of the gateway',
  ])
  for (const name of ['password', '.env']) await chmod(join(directory, name), 0o640)
  await chmod(join(directory, 'state'), 0o755)
  assert.deepEqual(found(), [])
})
