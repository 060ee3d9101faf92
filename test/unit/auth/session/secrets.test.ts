import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { sessionSecrets } from '../../../../internal/auth/session/secrets.ts'
import { fingerprintOf, Secret } from '../../../../internal/config/secret.ts'
import { freshDirectory } from '../../../support/directory.ts'

const settings = (text: string) => ({ client: 'a', secret: new Secret(text), list: [new Secret('x')] })

test('a secret nobody configured is made once and kept where only the account reads it', async (t) => {
  const directory = join(await freshDirectory(t), 'state')
  const [first] = sessionSecrets([], directory)
  assert.equal(first.length, 32)
  assert.deepEqual(sessionSecrets([], directory), [first])
  assert.equal(statSync(join(directory, 'session-secrets')).mode & 0o777, 0o600)
})

test('configured ones count, in their order', () => {
  const texts = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const secrets = sessionSecrets(
    texts.map((one) => new Secret(one.toString('base64url'))),
    null,
  )
  assert.deepEqual(secrets, texts)
})

test('without a state directory it lasts as long as the process', () => {
  assert.notDeepEqual(sessionSecrets([], null), sessionSecrets([], null))
})

test('a kept file that holds none is an error, not a new secret', async (t) => {
  const directory = await freshDirectory(t)
  writeFileSync(join(directory, 'session-secrets'), 'short')
  assert.throws(() => sessionSecrets([], directory), /holds no secret/)
})

test('settings with another secret are others, and nothing says which', () => {
  assert.equal(fingerprintOf(settings('one')), fingerprintOf(settings('one')))
  assert.notEqual(fingerprintOf(settings('one')), fingerprintOf(settings('two')))
  assert.ok(!fingerprintOf(settings('one')).includes('one'))
})
