import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseToml } from '../../../internal/config/toml.ts'
import { pathKey, valueAt } from '../../../internal/config/tree.ts'

function parsed(text: string) {
  const result = parseToml(text, 'x.toml')
  assert(result.kind === 'ok', 'the text was refused')
  return { ...result, line: (...path: string[]) => result.lines.get(pathKey(path)) }
}

function refused(text: string) {
  const result = parseToml(text, 'x.toml')
  assert(result.kind === 'problem', 'the text was accepted')
  return result.problem
}

test('every key has its line: tables, dotted keys, inline tables and list elements', () => {
  const toml = parsed('a = 1\n\n[b.c]\nd.e = 2\nf = { g = 3, h = { i = 4 } }\nj = [\n  5,\n  6,\n]\n')
  assert.equal(toml.line('a'), 1)
  assert.equal(toml.line('b'), 3)
  assert.equal(toml.line('b', 'c', 'd', 'e'), 4)
  assert.equal(toml.line('b', 'c', 'f', 'h', 'i'), 5)
  assert.equal(toml.line('b', 'c', 'j'), 6)
  assert.equal(toml.line('b', 'c', 'j', '1'), 8)
  assert.equal(valueAt(toml.value, ['b', 'c', 'd', 'e']), 2)
  assert.deepEqual(valueAt(toml.value, ['b', 'c', 'j']), [5, 6])
  assert.equal(valueAt(toml.value, ['b', 'c', 'f', 'h', 'i']), 4)
})

test('lists of tables and quoted keys are read', () => {
  const toml = parsed('[[rules]]\nx = 1\n[[rules]]\n"y z" = 2\n[rules.deep]\nw = 3\n')
  assert.equal(valueAt(toml.value, ['rules', '0', 'x']), 1)
  assert.equal(valueAt(toml.value, ['rules', '1', 'y z']), 2)
  assert.equal(valueAt(toml.value, ['rules', '1', 'deep', 'w']), 3)
  assert.equal(toml.line('rules', '1', 'y z'), 4)
})

test('Windows line ends and a byte order mark are accepted', () => {
  const toml = parsed('\uFEFFa = 1\r\nb = "x"\r\n')
  assert.equal(valueAt(toml.value, ['b']), 'x')
  assert.equal(toml.line('b'), 2)
})

test('a key named __proto__ is a key and reaches no prototype', () => {
  const toml = parsed('[__proto__]\npolluted = true\n[a]\n__proto__ = { polluted = true }\n')
  assert.equal('polluted' in {}, false)
  assert.equal(Object.hasOwn(toml.value, '__proto__'), true)
})

test('broken TOML is one problem with its line, and never shows the value', () => {
  const problem = refused('ok = 1\npassword = "hunter2\n')
  assert.equal(problem.code, 'bad_toml')
  assert.equal(problem.where, 'x.toml:2')
  assert(!JSON.stringify(problem).includes('hunter2'))
})

test('the common mistakes are explained', () => {
  assert.equal(refused('a = 1\na = 2').message, '`a` is defined twice')
  assert.equal(refused('a =\n\n# more\nb = 1').where, 'x.toml:1')
  assert.equal(refused('a = main:app').hint, 'put texts in quotes')
  assert.equal(refused('a b = 1').message, '"=" is missing after `a`')
  assert.equal(refused('a = [1, 2\n').message, 'a list is not closed')
  assert.match(refused('a = 1 2').message, /^something stands behind the value/)
})
