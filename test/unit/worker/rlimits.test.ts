import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { ResourceLimits } from '../../../internal/config/config.ts'
import { isProblem } from '../../../internal/worker/problem.ts'
import type { SystemLimits } from '../../../internal/worker/rlimits.ts'
import { limiterOf } from '../../../internal/worker/rlimits.ts'
import { http, streamlit, uvicorn } from '../../fixtures/worker/configs.ts'
import { freshDirectory } from '../../support/directory.ts'

const all: ResourceLimits = {
  open_files: 64,
  processes: 32,
  address_space: 2 ** 33,
  file_size: 1024,
  core: 0,
  cpu: 7,
}
const words = 'nofile=64:64 nproc=32:32 as=8589934592:8589934592 fsize=1024:1024 core=0:0 cpu=7:8'.split(' ')
const limits = `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            7                    seconds
Max processes             96365                96365                processes
Max open files            1024                 20000                files
Max address space         unlimited            unlimited            bytes
`
const ordinary: SystemLimits = { limits, status: 'CapEff:\t0000000000000000\n' }
const mighty: SystemLimits = { limits, status: 'CapEff:\t0000000001000000\n' }
const unlimited: SystemLimits = { limits: '', status: '' }
const room = { env: { PATH: '/usr/local/bin:/usr/bin:/bin' } }

/** The code of the problem, or the words. */
function outcome(rlimits: ResourceLimits, uid: number | null, system: SystemLimits): unknown {
  const found = limiterOf(uvicorn('/app', { rlimits }), room, uid === null ? null : { uid }, system)
  return isProblem(found) ? found.code : found
}

describe('the limits of a worker', () => {
  it('add nothing to a command line when there are none', () => {
    assert.deepEqual(outcome({}, null, unlimited), [])
    assert.deepEqual(limiterOf(http('/app', ['serve']), { env: { PATH: '/nowhere' } }, null), [])
  })

  it('are an argument of the bootstrap', () => {
    assert.deepEqual(outcome(all, null, unlimited), ['limited', words.join(',')])
    const found = limiterOf(streamlit('/app', { rlimits: { core: 0 } }), room, null, unlimited)
    assert.deepEqual(found, ['limited', 'core=0:0'])
  })

  it('of a command are set by the program that becomes it', () => {
    const found = limiterOf(http('/', ['serve'], { rlimits: all }), room, null, unlimited)
    assert.ok(!isProblem(found))
    assert.match(found[0] ?? '', /\/prlimit$/)
    assert.deepEqual(found.slice(1), [...words.map((word) => `--${word}`), '--'])
  })

  it('of a command need that program', async (t) => {
    const PATH = await freshDirectory(t)
    const worker = http('/', ['serve'], { rlimits: { open_files: 64 } })
    const found = limiterOf(worker, { env: { PATH } }, null, unlimited)
    assert.ok(isProblem(found))
    assert.equal(found.code, 'rlimits_unavailable')
    assert.match(found.hint ?? '', /util-linux/)
  })

  it('may not be above the hard limit, which is named', () => {
    const found = limiterOf(uvicorn('/app', { rlimits: { open_files: 20_001 } }), room, null, ordinary)
    assert.ok(isProblem(found))
    assert.equal(
      found.message,
      '`rlimits.open_files` of worker `api` (20001) is above the hard limit it would inherit (20000)',
    )
    assert.match(found.hint ?? '', /LimitNOFILE=/)
  })

  it('may be as high as the hard limit, and anything where there is none', () => {
    assert.deepEqual(outcome({ open_files: 20_000 }, null, ordinary), ['limited', 'nofile=20000:20000'])
    assert.deepEqual(outcome({ address_space: 2 ** 50 }, null, ordinary), [
      'limited',
      `as=${2 ** 50}:${2 ** 50}`,
    ])
  })

  it('of CPU time leave a second between the two signals only where that is allowed', () => {
    assert.deepEqual(outcome({ cpu: 6 }, null, ordinary), ['limited', 'cpu=6:7'])
    assert.deepEqual(outcome({ cpu: 7 }, null, ordinary), ['limited', 'cpu=7:7'])
  })

  it('may be raised by a privileged gateway, but not for a worker with another account', () => {
    assert.deepEqual(outcome({ open_files: 30_000 }, null, mighty), ['limited', 'nofile=30000:30000'])
    assert.equal(outcome({ open_files: 30_000 }, 65_534, mighty), 'rlimit_refused')
    assert.equal(outcome({ open_files: 30_000 }, null, ordinary), 'rlimit_refused')
  })
})
