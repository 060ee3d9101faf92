import assert from 'node:assert/strict'
import { test } from 'node:test'

import { resolveAccount } from '../../../internal/host/user.ts'

const passwd = [
  '# local accounts',
  'root:x:0:0:root:/root:/bin/bash',
  'www-data:x:33:33:www:/var/www:/usr/sbin/nologin',
  '1234:x:77:78:a name made of digits:/home/digits:/bin/sh',
  'broken line',
  '+::::::',
].join('\n')
const group = ['root:x:0:', 'www-data:x:33:', 'media:x:44:bob,www-data', 'video:x:45:www-data', 'bad'].join(
  '\n',
)
const asRoot = { passwd, group, euid: 0 }

test('a name is its numbers, its home and the groups it is a member of', () => {
  assert.deepEqual(resolveAccount('www-data', 'fluxlit.toml:3', asRoot), {
    uid: 33,
    gid: 33,
    groups: [44, 45],
    home: '/var/www',
    name: 'www-data',
  })
})

test('a group beside the name takes the place of its own, by name or number', () => {
  assert.partialDeepStrictEqual(resolveAccount('www-data:media', 'x', asRoot), { gid: 44, groups: [45] })
  assert.partialDeepStrictEqual(resolveAccount('www-data:100', 'x', asRoot), { uid: 33, gid: 100 })
})

test('numbers need no entry', () => {
  assert.deepEqual(resolveAccount('65532:65532', 'x', asRoot), {
    uid: 65_532,
    gid: 65_532,
    groups: [],
    home: null,
    name: null,
  })
})

test('a number with an entry has its group, and a name made of digits comes first', () => {
  assert.partialDeepStrictEqual(resolveAccount('33', 'x', asRoot), { uid: 33, gid: 33, name: 'www-data' })
  assert.partialDeepStrictEqual(resolveAccount('1234', 'x', asRoot), { uid: 77, gid: 78 })
})

test('what is not known is said, with the place and a cure', () => {
  const messages = ['nobody-here', 'www-data:nobodies', '5000', '', 'a:b:c', ':33', '4294967295:1'].map(
    (spec) => {
      const found = resolveAccount(spec, 'fluxlit.toml:3', asRoot)
      assert.partialDeepStrictEqual(found, { code: 'user_unknown', where: 'fluxlit.toml:3' })
      return 'message' in found ? found.message : ''
    },
  )
  assert.deepEqual(messages, [
    'there is no user "nobody-here" in /etc/passwd',
    'there is no group "nobodies" in /etc/group',
    'user "5000" is not in /etc/passwd, so its group is not known',
    'user "" is not of the form NAME, UID or UID:GID',
    'user "a:b:c" is not of the form NAME, UID or UID:GID',
    'user ":33" is not of the form NAME, UID or UID:GID',
    'there is no user "4294967295" in /etc/passwd',
  ])
})

test('only root may switch, but staying oneself is allowed', () => {
  const refused = resolveAccount('www-data', 'fluxlit.toml:3', { ...asRoot, euid: 1000 })
  assert.partialDeepStrictEqual(refused, {
    code: 'user_needs_root',
    message: 'a worker cannot run as "www-data": the gateway runs as user 1000, and only root may switch',
  })
  assert.partialDeepStrictEqual(resolveAccount('www-data', 'x', { ...asRoot, euid: 33 }), { uid: 33 })
})

test('the account of this process is found in the files of this system', () => {
  const uid = process.geteuid?.() ?? 0
  assert.partialDeepStrictEqual(resolveAccount(`${uid}:0`, 'x'), { uid, gid: 0 })
})
