import assert from 'node:assert/strict'
import { test } from 'node:test'

import { array, assert as check, constantFrom, oneof, property, string, stringMatching } from 'fast-check'

import { isFailure } from '../../../internal/fault/failure.ts'
import { compileRoutes } from '../../../internal/route/table.ts'
import { readTarget } from '../../../internal/route/target.ts'
import { mounted } from '../../support/front.ts'

const mounts = ['/', '/api', '/api/v1', '/x']
const workers = mounts.map((mount, index) => mounted('http', `w${index}`, mount))
const table = compileRoutes({ workers, rootPath: '/tools', docsMount: null, healthOf: null })

/** Where the gateway sends a target: a mount, `internal`, or null for a refusal. */
function gateway(target: string): string | null {
  const read = readTarget(target, { method: 'GET', host: 'a', scheme: 'http' })
  if (isFailure(read) || read.kind === 'server') return null
  const route = table(read, 'a')
  if (isFailure(route)) return null
  return route.kind === 'worker' ? (mounts[route.index] ?? '?') : route.kind
}

/** Where a worker's own software would: the whole path decoded once, then compared text by text. */
function model(path: string): string {
  const local = path === '/tools' || path.startsWith('/tools/') ? path.slice('/tools'.length) : path
  if (local === '/__fluxlit' || local.startsWith('/__fluxlit/')) return 'internal'
  const fitting = mounts.filter((mount) => mount === '/' || local === mount || local.startsWith(`${mount}/`))
  return fitting.toSorted((a, b) => b.length - a.length)[0] ?? '?'
}

const backslashes = (text: string): string => text.replaceAll('\\', '/')
const merged = (text: string): string => text.replace(/\/{2,}/g, '/')
const asText = (text: string): string => decodeURIComponent(text.replace(/%(2f|5c)/gi, '%25$1'))

const pieces = [
  '/',
  '//',
  'api',
  'v1',
  'x',
  'tools',
  '__fluxlit',
  'a',
  '%61',
  '%2f',
  '%2F',
  '%5c',
  '%2e',
  '.',
  '..',
]
const oddities = [
  '%252f',
  '%25',
  '%',
  '%zz',
  '%00',
  '%c3%a9',
  '%c0%af',
  '%ff',
  '\\',
  '#',
  ';',
  ' ',
  'é',
  '\x00',
  '%2',
]
const target = array(
  oneof(
    { weight: 8, arbitrary: constantFrom(...pieces) },
    { weight: 1, arbitrary: constantFrom(...oddities) },
    { weight: 1, arbitrary: string({ unit: 'binary-ascii', maxLength: 3 }) },
  ),
  { maxLength: 8 },
)
  .map((parts) => `/${parts.join('')}`)
  .filter((text) => !text.includes('?'))

test('a path goes where a reader that decodes once sends it, or is refused', () => {
  check(
    property(target, (text) => {
      const there = gateway(text)
      if (there !== null) assert.equal(there, model(decodeURIComponent(text)))
    }),
    { numRuns: 5_000 },
  )
})

test('a path goes to the same place under each of its readings, or is refused', () => {
  check(
    property(target, (text) => {
      const there = gateway(text)
      if (there === null) return
      const decoded = backslashes(decodeURIComponent(text))
      for (const reading of [asText(text), merged(asText(text)), decoded, merged(decoded)]) {
        assert.equal(there, model(reading), reading)
      }
    }),
    { numRuns: 5_000 },
  )
})

test('a path that is accepted holds nothing two readers could quarrel about', () => {
  check(
    property(target, (text) => {
      if (gateway(text) === null) return
      const decoded = decodeURIComponent(text)
      assert.doesNotMatch(text, /[\\#\x00-\x20\x7f-\uffff]/)
      assert.doesNotMatch(decoded, /[\x00-\x1f\x7f]|(?:^|[/\\])\.\.?(?:[/\\]|$)/)
    }),
    { numRuns: 5_000 },
  )
})

test('ordinary paths are not refused', () => {
  const word = stringMatching(/^[A-Za-z0-9_~!$&'()*+,;=:@-]{1,8}$/)
  check(
    property(array(word, { maxLength: 5 }), (words) => {
      assert.equal(gateway(`/${words.join('/')}`), model(`/${words.join('/')}`))
    }),
  )
})
