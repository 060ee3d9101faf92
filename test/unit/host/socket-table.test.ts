import assert from 'node:assert/strict'
import { endianness } from 'node:os'
import { test } from 'node:test'

import { addressBytes, ownerOf, parseListeners } from '../../../internal/host/socket-table.ts'

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
const rest = '00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0'
const rest6 = '00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0'

test('an address is the same however it is written', () => {
  assert.equal(addressBytes('127.0.0.1'), '7f000001')
  assert.equal(addressBytes('::ffff:127.0.0.1'), '7f000001')
  assert.equal(addressBytes('::1'), `${'0'.repeat(31)}1`)
  assert.equal(addressBytes('0:0:0:0:0:0:0:1'), addressBytes('::1'))
  assert.equal(addressBytes('2001:DB8::a:1'), '20010db80000000000000000000a0001')
  assert.equal(addressBytes('fe80::1%eth0'), addressBytes('fe80::1'))
  assert.notEqual(addressBytes('::'), addressBytes('0.0.0.0'))
})

test('listening sockets of both tables are read, others are not', { skip: endianness() !== 'LE' }, () => {
  const tcp = [
    head,
    `   0: 0100007F:1F40 ${rest} 4711 1 0000000000000000 100 0 0 10 0`,
    `   1: 0100007F:1F41 ${rest.replace(' 0A ', ' 01 ')} 4712 1 0000000000000000 20 4 30 10 -1`,
    'cut off',
  ].join('\n')
  const tcp6 = `${head}\n   0: 00000000000000000000000001000000:0050 ${rest6} 4713 1 0 100 0 0 10 0\n`
  assert.deepEqual(parseListeners(tcp, tcp6), [
    { address: addressBytes('127.0.0.1'), port: 8000, inode: '4711' },
    { address: addressBytes('::1'), port: 80, inode: '4713' },
  ])
})

test('a mapped address in the second table is the IPv4 one', { skip: endianness() !== 'LE' }, () => {
  const tcp6 = `   0: 0000000000000000FFFF00000100007F:1F40 ${rest6} 4711 1 0 100 0 0 10 0`
  assert.deepEqual(
    parseListeners('', tcp6).map(({ address }) => address),
    [addressBytes('127.0.0.1')],
  )
})

const line = (ends: string, state: string, uid: number): string =>
  `   1: ${ends} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 4712 1 0 20 4 30 10 -1`

test(
  'the account at one end of a connection is that of its own line',
  { skip: endianness() !== 'LE' },
  () => {
    const table = [
      head,
      line('0100007F:24F8 00000000:0000', '0A', 0),
      line('0100007F:24F8 0100007F:C350', '01', 0),
      line('0100007F:C350 0200007F:24F8', '01', 7),
      line('0100007F:C350 0100007F:24F8', '01', 65_533),
    ].join('\n')
    const [peer, ours] = [
      { address: '::ffff:127.0.0.1', port: 50_000 },
      { address: '127.0.0.1', port: 9464 },
    ]
    assert.equal(ownerOf(table, peer, ours), 65_533)
    assert.equal(ownerOf(table, ours, peer), 0)
    assert.equal(ownerOf(table, { ...peer, port: 50_001 }, ours), null)
  },
)
