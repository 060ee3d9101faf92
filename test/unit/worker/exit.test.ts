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

  it('by SIGKILL is told with what the kernel knows about memory', () => {
    assert.equal(describeExit(null, 'SIGKILL', nothing, true).text, 'killed by the kernel: out of memory')
    assert.match(describeExit(null, 'SIGKILL', nothing, false).text, /not for lack of memory/)
  })

  it('after it hung is told so', () => {
    const sent = { ...nothing, abort: true }
    assert.equal(describeExit(null, 'SIGABRT', sent).text, 'hung, ended by SIGABRT')
    assert.equal(describeExit(null, 'SIGKILL', { ...sent, kill: true }).text, 'hung, ended by SIGKILL')
  })

  it('with a status that shells and containers use is explained', () => {
    assert.equal(describeExit(127, null, nothing).text, 'exit status 127 (command not found)')
    assert.match(describeExit(137, null, nothing).text, /SIGKILL: out of memory\?/)
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
