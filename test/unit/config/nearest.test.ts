import assert from 'node:assert/strict'
import { test } from 'node:test'

import { editDistance, nearest } from '../../../internal/config/nearest.ts'

const known = ['gateway_host', 'gateway_port', 'mount', 'host', 'root_path']

test('a typo finds the key that was meant', () => {
  assert.equal(nearest('gatewayport', known), 'gateway_port')
  assert.equal(nearest('gateway-host', known), 'gateway_host')
  assert.equal(nearest('moutn', known), 'mount')
  assert.equal(nearest('HOST', known), 'host')
})

test('the last word of a longer key is enough', () => {
  assert.equal(nearest('port', known), 'gateway_port')
})

test('a word that resembles nothing has no neighbour', () => {
  assert.equal(nearest('colour', known), null)
})

test('swapped neighbours are one mistake, not two', () => {
  assert.equal(editDistance('moutn', 'mount'), 1)
  assert.equal(editDistance('', 'abc'), 3)
})
