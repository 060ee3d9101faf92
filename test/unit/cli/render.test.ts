import assert from 'node:assert/strict'
import { test } from 'node:test'

import { renderProblems, wantsColour } from '../../../internal/cli/render.ts'

const problem = {
  code: 'unknown_key',
  message: 'unknown key "prot"',
  where: 'fluxlit.toml:3',
  hint: 'did you mean "port"?',
  detail: ['line one', 'line two'],
}

test('a problem says what, where, its details and what to do', () => {
  assert.equal(
    renderProblems([problem], 'error', false),
    `error[unknown_key]: fluxlit.toml:3: unknown key "prot"
    line one
    line two
  hint: did you mean "port"?
`,
  )
})

test('what is missing leaves no trace', () => {
  assert.equal(renderProblems([{ code: 'a', message: 'b' }], 'warning', false), 'warning[a]: b\n')
  assert.equal(renderProblems([], 'error', true), '')
})

test('every problem is shown, in order', () => {
  const text = renderProblems(
    [
      { code: 'a', message: '1' },
      { code: 'b', message: '2' },
    ],
    'error',
    false,
  )
  assert.equal(text, 'error[a]: 1\nerror[b]: 2\n')
})

test('colours change no word', () => {
  const text = renderProblems([problem], 'error', true)
  assert.match(text, /\x1b\[31m/)
  assert.equal(text.replace(/\x1b\[\d+m/g, ''), renderProblems([problem], 'error', false))
})

const streams: readonly (readonly [boolean, Readonly<Record<string, string>>, boolean])[] = [
  [true, {}, true],
  [false, {}, false],
  [true, { TERM: 'dumb' }, false],
  [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [false, { FORCE_COLOR: '1' }, true],
  [false, { FORCE_COLOR: '0' }, false],
]

for (const [isTTY, env, expected] of streams) {
  test(`a ${isTTY ? 'terminal' : 'file'} with ${JSON.stringify(env)} gets ${expected ? '' : 'no '}colours`, () =>
    assert.equal(wantsColour({ isTTY }, env), expected))
}
