import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { isMessage, Maintenance } from '../../../internal/maintenance/maintenance.ts'
import { listLogger } from '../../fixtures/admin/target.ts'
import { freshDirectory } from '../../support/directory.ts'

const logger = listLogger([])
const known = ['api', 'ui']

test('it is on for the workers that were named, and over when somebody says so', async (t) => {
  const maintenance = Maintenance.open(await freshDirectory(t), logger)
  assert.equal(maintenance.of('api'), null)
  assert.equal(maintenance.begin(['api'], 'Back at noon.'), null)
  assert.equal(maintenance.of('api')?.message, 'Back at noon.')
  assert.equal(maintenance.of('ui'), null)
  assert.equal(maintenance.end(['api'], known), null)
  assert.equal(maintenance.of('api'), null)
})

test('on for everything it counts for workers that come later, and ends for one while it goes on for the others', async (t) => {
  const maintenance = Maintenance.open(await freshDirectory(t), logger)
  maintenance.begin([], 'All of it.')
  maintenance.begin(['ui'], 'This one.')
  assert.equal(maintenance.of('later')?.message, 'All of it.')
  assert.equal(maintenance.of('ui')?.message, 'This one.')
  maintenance.end(['api'], known)
  assert.equal(maintenance.of('api'), null)
  assert.equal(maintenance.of('ui')?.message, 'This one.')
  maintenance.end([], known)
  assert.equal(maintenance.of('ui'), null)
})

test('it outlives the gateway, in a file for its account alone', async (t) => {
  const directory = join(await freshDirectory(t), 'state')
  Maintenance.open(directory, logger).begin(['ui'], 'Noon.')
  const file = join(directory, 'maintenance.json')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const log: string[] = []
  const next = Maintenance.open(directory, listLogger(log))
  assert.equal(next.of('ui')?.message, 'Noon.')
  assert.deepEqual(log, ['warn maintenance goes on'])
  next.end([], known)
  assert.ok(!existsSync(file))
})

test('without a state directory, or one that cannot be written, it says that it will be forgotten', async (t) => {
  assert.equal(Maintenance.open(null, logger).begin([], 'x'), 'there is no state directory')
  const file = join(await freshDirectory(t, { files: { file: '' } }), 'file')
  const maintenance = Maintenance.open(join(file, 'below'), logger)
  assert.match(maintenance.begin([], 'x') ?? '', /ENOTDIR/)
  assert.equal(maintenance.of('api')?.message, 'x')
})

test('a file that makes no sense is no reason to refuse everybody', async (t) => {
  const directory = await freshDirectory(t)
  const file = join(directory, 'maintenance.json')
  for (const text of ['{', '[]', 'null', '{"api":{"message":"","since":"x"}}', '{"api":{"message":5}}']) {
    writeFileSync(file, text)
    assert.equal(Maintenance.open(directory, logger).of('api'), null, text)
  }
  assert.equal(readFileSync(file, 'utf8'), '{"api":{"message":5}}')
  chmodSync(file, 0o600)
})

test('a message is one line that can be shown', () => {
  assert.ok(isMessage('Zurück um 12:00 <b>'))
  for (const text of ['', '  ', 'a\nb', '\u001b[2J', '\u009b2J', 'x'.repeat(501)]) assert.ok(!isMessage(text))
})
