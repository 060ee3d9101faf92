import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { SessionEntry } from '../../../internal/admin/sessions.ts'
import { renderList, sessions } from '../../../internal/cli/sessions.ts'
import { fakeGateway } from '../../fixtures/admin/target.ts'
import { testTerminal } from '../../fixtures/admin/terminal.ts'

const now = Date.parse('2026-03-01T12:00:00Z')

const ann: SessionEntry = {
  id: 'aaaaaaaaaaaaaaa0',
  user: 'sub-1',
  email: 'ann@example.com',
  name: 'Ann',
  signed_in_at: '2026-03-01T10:00:00Z',
  last_used_at: '2026-03-01T11:58:00Z',
  expires_at: '2026-03-01T22:00:00Z',
  sockets: 2,
}
const nobody: SessionEntry = {
  ...ann,
  id: 'bbbbbbbbbbbbbbb1',
  user: null,
  email: null,
  name: null,
  signed_in_at: null,
  last_used_at: null,
  sockets: 0,
}

test('the list says who, since when and until when', () => {
  const text = renderList({ kind: 'sessions', store: 'redis', sessions: [ann, nobody] }, now)
  assert.deepEqual(text.split('\n'), [
    'ID                USER   EMAIL            SIGNED IN  LAST USED  ENDS IN  SOCKETS',
    'aaaaaaaaaaaaaaa0  sub-1  ann@example.com  2h 0m ago  2m 0s ago  10h 0m   2',
    'bbbbbbbbbbbbbbb1  -      -                -          -          10h 0m   0',
    '',
    '2 sessions in Redis; sockets are those of this gateway',
    '',
  ])
  assert.equal(renderList({ kind: 'sessions', store: 'memory', sessions: [] }, now), 'nobody is signed in\n')
  const odd = renderList(
    { kind: 'sessions', store: 'sqlite', sessions: [{ ...ann, email: 'a\x1b[2J\n@x' }] },
    now,
  )
  assert.doesNotMatch(odd, /\x1b/)
})

test('sessions are ended by id, by user or all of them, which is audited with who asked', async (t) => {
  const { socket, target, audited } = await fakeGateway(t)
  const terminal = testTerminal()
  target.signIns = { kind: 'sessions', store: 'memory', sessions: [ann] }
  assert.equal(await sessions({ socket, action: 'revoke', id: [ann.id] }, terminal), 0)
  assert.equal(await sessions({ socket, action: 'revoke', user: 'ann@example.com' }, terminal), 0)
  assert.equal(await sessions({ socket, action: 'revoke', all: true }, terminal), 0)
  assert.equal(await sessions({ socket, action: 'list', user: 'ann@example.com', json: true }, terminal), 0)
  assert.deepEqual(target.calls, [
    `endSessions {"kind":"ids","ids":["${ann.id}"]}`,
    'endSessions {"kind":"user","user":"ann@example.com"}',
    'endSessions {"kind":"all"}',
    'sessions {"kind":"user","user":"ann@example.com"}',
  ])
  const line = `ended ${ann.id} of ann@example.com, 2 sockets closed\n`
  assert.equal(terminal.written.out.slice(0, 3 * line.length), line.repeat(3))
  assert.deepEqual(JSON.parse(terminal.written.out.slice(3 * line.length)), target.signIns)
  const shown = audited.map((event) => JSON.stringify(event).replace(/,"actor".*/, ''))
  assert.deepEqual(shown, [
    `{"event":"sessions.end","ids":["${ann.id}"],"ended":["${ann.id}"]`,
    `{"event":"sessions.end","user":"ann@example.com","ended":["${ann.id}"]`,
    `{"event":"sessions.end","ended":["${ann.id}"]`,
  ])
})

test('who is not there is told, with status 1', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const terminal = testTerminal()
  target.signIns = { kind: 'sessions', store: 'memory', sessions: [] }
  assert.equal(await sessions({ socket, action: 'revoke', id: [ann.id] }, terminal), 1)
  assert.equal(await sessions({ socket, action: 'list', user: 'bob' }, terminal), 1)
  assert.match(
    terminal.written.err,
    /error\[unknown_session\]: there is no session a+0\n.*\n.*no session of bob/,
  )
  // Nobody is signed in, which is what was wanted.
  assert.equal(await sessions({ socket, action: 'revoke', all: true }, terminal), 0)
})

test('a gateway without sessions says how people are known instead', async (t) => {
  const { socket } = await fakeGateway(t)
  const terminal = testTerminal()
  assert.equal(await sessions({ socket, action: 'list' }, terminal), 0)
  assert.equal(await sessions({ socket, action: 'revoke', all: true }, terminal), 1)
  assert.match(
    terminal.written.out,
    /^there are no sessions: every request shows who asks \(auth.modes: jwt\)\n/,
  )
})

test('a store that does not answer is no empty list', async (t) => {
  const { socket, target, audited } = await fakeGateway(t)
  target.signIns = null
  await assert.rejects(
    sessions({ socket, action: 'list' }, testTerminal()),
    /store of sessions does not answer/,
  )
  await assert.rejects(sessions({ socket, action: 'revoke', all: true }, testTerminal()), { exitCode: 1 })
  assert.deepEqual(audited, [])
})

test('what is not clear is asked of nobody', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const wrong = [
    { action: 'revoke' },
    { action: 'revoke', all: true, user: 'ann' },
    { action: 'revoke', id: [ann.id], all: true },
    { action: 'list', id: ['v1.cookie'] },
    { action: 'list', user: '' },
  ] as const
  for (const flags of wrong)
    await assert.rejects(sessions({ socket, ...flags }, testTerminal()), { exitCode: 2 })
  assert.deepEqual(target.calls, [])
})
