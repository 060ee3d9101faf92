import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { describeExit, describeSpawnError, isCleanStop } from '../../../internal/worker/exit.ts'

const text = (code: string): string =>
  describeSpawnError(Object.assign(new Error('x'), { code }), '/bin/x').text
const nothing = { term: false, kill: false }

describe('the end of a process', () => {
  it('is told in words', () => {
    assert.equal(describeExit(1, null, nothing).text, 'exit status 1')
    assert.equal(describeExit(null, 'SIGTERM', { term: true, kill: false }).text, 'stopped by SIGTERM')
    assert.match(describeExit(null, 'SIGKILL', nothing).text, /not by the gateway: out of memory/)
    assert.equal(describeExit(null, 'SIGKILL', { term: true, kill: true }).text, 'ended by SIGKILL')
    assert.match(describeExit(null, 'SIGSEGV', nothing).text, /native extension/)
  })

  it('is clean by status 0, by 143 and by the signal it was sent', () => {
    assert.equal(isCleanStop(describeExit(0, null, nothing)), true)
    assert.equal(isCleanStop(describeExit(143, null, nothing)), true)
    assert.equal(isCleanStop(describeExit(null, 'SIGTERM', nothing)), true)
    assert.equal(isCleanStop(describeExit(1, null, nothing)), false)
    assert.equal(isCleanStop(describeExit(null, 'SIGKILL', nothing)), false)
  })

  it('before it began says what is missing', () => {
    assert.equal(text('ENOENT'), '/bin/x does not exist')
    assert.equal(text('EACCES'), '/bin/x is not executable')
    assert.equal(text('ENOEXEC'), '/bin/x is not a program for this machine')
    assert.equal(text('EMFILE'), 'the gateway is out of file descriptors')
    assert.equal(text('EAGAIN'), 'the system allows no further process')
    assert.equal(text('EWHAT'), '/bin/x cannot be started: x')
  })
})
