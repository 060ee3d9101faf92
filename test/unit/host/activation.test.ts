import assert from 'node:assert/strict'
import { test } from 'node:test'

import { passedSockets } from '../../../internal/host/activation.ts'

const yes = () => true

test('the socket named http is the public one, wherever it stands', () => {
  const env = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'admin:http' }
  assert.deepEqual(passedSockets(env, 7, yes), {
    http: { fd: 4, name: 'http' },
    unused: [{ fd: 3, name: 'admin' }],
  })
})

test('without that name the first one is', () => {
  const env = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'fluxlit.socket' }
  assert.deepEqual(passedSockets(env, 7, yes), {
    http: { fd: 3, name: 'fluxlit.socket' },
    unused: [{ fd: 4, name: '' }],
  })
})

test('sockets that were passed to another process are not ours', () => {
  const nothing = { http: null, unused: [] }
  assert.deepEqual(passedSockets({ LISTEN_PID: '8', LISTEN_FDS: '1' }, 7, yes), nothing)
  assert.deepEqual(passedSockets({ LISTEN_FDS: '1' }, 7, yes), nothing)
  assert.deepEqual(passedSockets({ LISTEN_PID: '7' }, 7, yes), nothing)
  assert.deepEqual(passedSockets({ LISTEN_PID: '7', LISTEN_FDS: '0' }, 7, yes), nothing)
})

test('a count that is none, or a descriptor that is no socket, is a problem with a cure', () => {
  for (const count of ['x', '-1', '1e3', '99999', ' 1']) {
    assert.partialDeepStrictEqual(passedSockets({ LISTEN_PID: '7', LISTEN_FDS: count }, 7, yes), {
      code: 'socket_activation',
    })
  }
  const problem = passedSockets({ LISTEN_PID: '7', LISTEN_FDS: '2' }, 7, (fd) => fd === 3)
  assert.partialDeepStrictEqual(problem, {
    message: 'descriptor 4, passed by LISTEN_FDS=2, is not a socket',
  })
})

test('a descriptor that is not open is not a socket', () => {
  const env = { LISTEN_PID: String(process.pid), LISTEN_FDS: '999' }
  assert.partialDeepStrictEqual(passedSockets(env), { code: 'socket_activation' })
})
