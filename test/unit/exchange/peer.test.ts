import assert from 'node:assert/strict'
import { test } from 'node:test'

import { clientAddress, compileTrustedPeers, identifyPeer } from '../../../internal/exchange/peer.ts'

const trusts = compileTrustedPeers(['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])
const proxy = { address: '10.0.0.1', trusted: true, keepsIds: true }

test('with an empty list nobody is trusted', () => {
  const nobody = compileTrustedPeers([])
  assert.equal(nobody('127.0.0.1'), false)
  assert.equal(nobody('::1'), false)
})

test('networks and single addresses of both families are trusted, their neighbours are not', () => {
  for (const address of ['10.255.0.1', '192.0.2.7', 'fd12::1']) assert.ok(trusts(address), address)
  for (const address of ['11.0.0.1', '192.0.2.8', 'fe80::1', 'unknown', ''])
    assert.ok(!trusts(address), address)
})

test('an IPv4 peer of a dual-stack socket is the IPv4 address it is', () => {
  assert.deepEqual(identifyPeer({ remoteAddress: '::ffff:10.1.2.3' }, trusts, false), {
    address: '10.1.2.3',
    trusted: true,
    keepsIds: true,
  })
})

test('the zone of a link-local address is no part of it', () => {
  assert.equal(identifyPeer({ remoteAddress: 'fe80::1%eth0' }, trusts, false).address, 'fe80::1')
})

test('a socket without a peer is unknown, and only ids of workers are kept without trust', () => {
  const stranger = { address: 'unknown', trusted: false, keepsIds: false }
  assert.deepEqual(identifyPeer({ remoteAddress: undefined }, trusts, false), stranger)
  assert.deepEqual(identifyPeer({ remoteAddress: undefined }, trusts, true), { ...stranger, keepsIds: true })
})

test('what an untrusted peer says about others does not count', () => {
  const stranger = { address: '203.0.113.9', trusted: false, keepsIds: false }
  assert.equal(clientAddress(stranger, '1.2.3.4', trusts), '203.0.113.9')
})

const walks: readonly (readonly [string, string | null, string])[] = [
  ['without a list the peer is the client', null, '10.0.0.1'],
  ['the last hop is the client', '198.51.100.1', '198.51.100.1'],
  ['trusted hops are passed over from the right', '198.51.100.1, 10.0.0.9, 192.0.2.7', '198.51.100.1'],
  [
    'what stands left of the first stranger is his invention',
    '1.1.1.1, 198.51.100.1, 10.0.0.9',
    '198.51.100.1',
  ],
  ['when all are trusted the leftmost is the client', '10.0.0.8, 10.0.0.9', '10.0.0.8'],
  ['something that is no address ends the walk', '198.51.100.1, unknown, 10.0.0.9', '10.0.0.9'],
  ['an empty list leaves the peer', '', '10.0.0.1'],
  ['ports are cut off', '198.51.100.1:4711', '198.51.100.1'],
  ['brackets and ports are cut off', '[2001:db8::1]:4711', '2001:db8::1'],
  ['a bare IPv6 address is one', '2001:db8::1', '2001:db8::1'],
  ['mapped addresses are their IPv4 selves', '::ffff:198.51.100.1', '198.51.100.1'],
  ['an address with a tail is none', '198.51.100.1;x', '10.0.0.1'],
]

for (const [sentence, list, client] of walks) {
  test(`behind a trusted proxy: ${sentence}`, () => assert.equal(clientAddress(proxy, list, trusts), client))
}

test('at most 20 hops are looked at', () => {
  const list = ['198.51.100.1', ...Array.from({ length: 20 }, (_, i) => `10.0.1.${i}`)].join(', ')
  assert.equal(clientAddress(proxy, list, trusts), '10.0.1.0')
})
