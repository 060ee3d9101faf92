import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'

import {
  looksSecret,
  resolveSecret,
  Secret,
  shownArguments,
  shownValue,
} from '../../../internal/config/secret.ts'
import { freshDirectory } from '../../support/directory.ts'

const where = 'fluxlit.toml:3'

test('a secret shows itself to nobody who does not ask', () => {
  const secret = new Secret('hunter2')
  for (const text of [String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ secret })]) {
    assert(!text.includes('hunter2'), text)
    assert(text.includes('[redacted]'), text)
  }
  assert.equal(secret.reveal(), 'hunter2')
})

test('a secret comes from its key, a file or a variable', async (t) => {
  const directory = await freshDirectory(t, { files: { secret: 'from file\n' } })
  const direct = resolveSecret({ key: 'x', where, value: 'direct' }, {})
  assert(direct.kind === 'secret')
  assert.equal(direct.secret.reveal(), 'direct')
  const file = resolveSecret({ key: 'x', where, file: join(directory, 'secret') }, {})
  assert(file.kind === 'secret')
  assert.equal(file.secret.reveal(), 'from file')
  const variable = resolveSecret({ key: 'x', where, env: 'THE_SECRET' }, { THE_SECRET: 'from env' })
  assert(variable.kind === 'secret')
  assert.equal(variable.secret.reveal(), 'from env')
  assert.equal(variable.hiddenEnv, 'THE_SECRET')
  assert.deepEqual(resolveSecret({ key: 'x', where }, {}), { kind: 'absent' })
})

test('two forms in one source, a missing file and a missing variable are problems', () => {
  const codes = [
    resolveSecret({ key: 'x', where, value: 'a', env: 'B' }, { B: 'b' }),
    resolveSecret({ key: 'x', where, file: '/nowhere/secret' }, {}),
    resolveSecret({ key: 'x', where, env: 'B' }, {}),
    resolveSecret({ key: 'x', where, env: 'B' }, { B: '' }),
  ].map((result) => (result.kind === 'problem' ? result.problem.code : result.kind))
  assert.deepEqual(codes, ['secret_twice', 'secret_unreadable', 'secret_missing', 'secret_missing'])
})

test('names that say secret, and passwords in addresses, are hidden', () => {
  for (const name of ['API_TOKEN', 'client_secret', 'DB_PASSWORD', 'AWS_ACCESS_KEY_ID', 'SENTRY_DSN'])
    assert(looksSecret(name), name)
  for (const name of ['STAGE', 'PORT', 'LANG']) assert(!looksSecret(name), name)
  for (const [value, expected] of [
    ['redis://me:pw@host/0', 'redis://me:[redacted]@host/0'],
    ['--broker=redis://:p/w@x@host/0', '--broker=redis://:[redacted]@host/0'],
    ['https://ghp_abc@host/simple', 'https://[redacted]@host/simple'],
    ['https://host/?x=1&token=abc&code=def', 'https://host/?x=1&token=[redacted]&code=[redacted]'],
    ['http://host:80/page@2?x=1', 'http://host:80/page@2?x=1'],
    ['postgres://me@host/db', 'postgres://me@host/db'],
  ] as const)
    assert.equal(shownValue('UPSTREAM', value), expected)
  assert.deepEqual(shownArguments(['run', '--token=abc', '--password', 'abc', '--port', '1']), [
    'run',
    '--token=[redacted]',
    '--password',
    '[redacted]',
    '--port',
    '1',
  ])
})
