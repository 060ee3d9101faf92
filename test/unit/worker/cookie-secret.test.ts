import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { cookieSecret } from '../../../internal/worker/cookie-secret.ts'

describe('the cookie secret', () => {
  it('is made once and kept where only we can read it', async (t) => {
    const base = await mkdtemp(join(tmpdir(), 'fl-'))
    t.after(() => rm(base, { recursive: true, force: true }))
    const state = join(base, 'state')
    const { secret } = cookieSecret(state)
    assert.match(secret, /^[0-9a-f]{64}$/)
    assert.deepEqual(cookieSecret(state), { secret })
    assert.deepEqual(readdirSync(state), ['streamlit-cookie-secret'])
    assert.equal(statSync(join(state, 'streamlit-cookie-secret')).mode & 0o777, 0o600)
  })

  it('is in memory only without a state directory', () => {
    assert.notEqual(cookieSecret(null).secret, cookieSecret(null).secret)
    assert.equal(cookieSecret(null).volatile, undefined)
  })

  it('says so when it cannot be kept', async (t) => {
    const base = await mkdtemp(join(tmpdir(), 'fl-'))
    t.after(() => rm(base, { recursive: true, force: true }))
    await writeFile(join(base, 'file'), '')
    const { secret, volatile } = cookieSecret(join(base, 'file'))
    assert.match(secret, /^[0-9a-f]{64}$/)
    assert.match(volatile ?? '', /EEXIST|ENOTDIR/)
  })
})
