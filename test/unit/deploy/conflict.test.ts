import assert from 'node:assert/strict'
import { test } from 'node:test'

import { conflicts } from '../../../internal/deploy/conflict.ts'

test('nothing is lost where nothing is, or the same', () => {
  assert.deepEqual(conflicts([{ path: 'a', text: 'x\n', existing: null }]), [])
  assert.deepEqual(conflicts([{ path: 'a', text: 'x\n', existing: 'x\n' }]), [])
})

test('a file that differs is named with the lines that only it has', () => {
  const [problem] = conflicts([
    { path: 'Dockerfile', text: 'FROM a\nUSER 1\n', existing: 'FROM a\nRUN mine\n\nFROM a\n' },
  ])
  assert.deepEqual(problem, {
    code: 'would_overwrite',
    message: 'the file exists and differs: 2 lines would be lost',
    where: 'Dockerfile',
    hint: 'write beside it with -o DIR and compare, or replace it with -f',
    detail: ['- RUN mine', '- FROM a'],
  })
})

test('of many lines the first are shown, and how many more there are', () => {
  const mine = Array.from({ length: 10 }, (_, index) => `line ${index}`).join('\n')
  const [problem] = conflicts([{ path: 'a', text: '', existing: mine }])
  assert.equal(problem?.detail?.length, 9)
  assert.equal(problem.detail.at(-1), '  ... and 2 more')
})
