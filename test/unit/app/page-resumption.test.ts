import assert from 'node:assert/strict'
import { test } from 'node:test'

import { PageResumption } from '../../../internal/app/page-resumption.ts'

const shake = (protocols: readonly string[]) => ({
  websocket: { key: 'k', protocols },
  forward: ['Host', 'a', 'Sec-WebSocket-Protocol', protocols.join(', '), 'X-A', 'b'],
})

const socket = { kind: 'unix', path: '/run/ui.1.sock' } as const
const asked = ['streamlit', 'xsrf', 'session-of-alice']

test('a Streamlit that gives sessions to whoever names them is not told the name', () => {
  const resumption = new PageResumption()
  resumption.note(socket, '1.60.9')
  assert.deepEqual(resumption.hide(socket, shake(asked)), {
    forward: ['Host', 'a', 'Sec-WebSocket-Protocol', 'streamlit, xsrf', 'X-A', 'b'],
    forwardLines: 'Host: a\r\nSec-WebSocket-Protocol: streamlit, xsrf\r\nX-A: b\r\n',
  })
})

test('a newer one, and one that nobody knows, are told, also at an address an older one had', () => {
  const resumption = new PageResumption()
  resumption.note(socket, '1.37.0')
  resumption.note(socket, '1.61.0')
  const other = { kind: 'tcp', host: '127.0.0.1', port: 4711 } as const
  assert.equal(resumption.hide(socket, shake(asked)), null)
  assert.equal(resumption.hide(other, shake(asked)), null)
})

test('a page that names no session is none of its business', () => {
  const resumption = new PageResumption()
  resumption.note(socket, '1.37.0')
  assert.equal(resumption.hide(socket, shake(asked.slice(0, 2))), null)
})
