import assert from 'node:assert/strict'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'

import {
  pairWarnings,
  readKeyPair,
  type KeyPair,
  type KeyPairResult,
} from '../../../internal/config/key-pair.ts'
import { makePair, openssl } from '../../support/certificates.ts'
import { freshDirectory } from '../../support/directory.ts'

const read = (certFile: string, keyFile: string): KeyPairResult =>
  readKeyPair({ certFile, keyFile, minVersion: '1.2' })

const codeOf = (result: KeyPairResult): readonly string[] =>
  result.kind === 'bad' ? [result.of, result.problem.code] : [result.kind]

function pairOf(result: KeyPairResult): KeyPair {
  assert(result.kind === 'pair', inspect(result))
  return result.pair
}

test('a certificate and its key are a pair, also in one file', async (t) => {
  const directory = await freshDirectory(t)
  const { cert, key } = await makePair(directory, 'a.example')
  const pair = pairOf(read(cert, key))
  assert.equal(pair.leaf.subjectAltName, 'DNS:a.example')
  assert.equal(pair.validUntil, pair.leaf.validToDate.getTime())
  await appendFile(cert, await readFile(key))
  assert.equal(read(cert, cert).kind, 'pair')
})

test('a pair does not print its key', async (t) => {
  const { cert, key } = await makePair(await freshDirectory(t), 'a.example')
  const pair = pairOf(read(cert, key))
  const text = inspect(pair, { depth: 9, showHidden: true }) + JSON.stringify(pair) + String(pair.key)
  assert(!text.includes('PRIVATE KEY'))
  assert(pair.key.reveal().includes('PRIVATE KEY'))
})

test('the key of another certificate is not its key', async (t) => {
  const directory = await freshDirectory(t)
  const a = await makePair(directory, 'a.example')
  const b = await makePair(directory, 'b.example')
  assert.deepEqual(codeOf(read(a.cert, b.key)), ['key_file', 'tls_mismatch'])
})

test('a chain that begins with the wrong certificate is told from a wrong key', async (t) => {
  const directory = await freshDirectory(t)
  const a = await makePair(directory, 'a.example')
  const b = await makePair(directory, 'b.example')
  const chain = join(directory, 'chain.crt')
  await writeFile(chain, (await readFile(b.cert, 'utf8')) + (await readFile(a.cert, 'utf8')))
  const result = read(chain, a.key)
  assert(result.kind === 'bad')
  assert.match(result.problem.hint ?? '', /first in the file/)
  assert.equal(read(chain, b.key).kind, 'pair')
})

test('a missing file, a directory, the wrong kind of file and a torn one are told apart', async (t) => {
  const directory = await freshDirectory(t)
  const { cert, key } = await makePair(directory, 'a.example')
  assert.deepEqual(codeOf(read(join(directory, 'x'), key)), ['cert_file', 'tls_file_missing'])
  assert.deepEqual(codeOf(read(cert, directory)), ['key_file', 'tls_file_unreadable'])
  assert.deepEqual(codeOf(read(key, cert)), ['cert_file', 'tls_not_pem'])
  assert.deepEqual(codeOf(read(cert, cert)), ['key_file', 'tls_not_pem'])
  const der = join(directory, 'a.der')
  await openssl('x509', '-in', cert, '-outform', 'DER', '-out', der)
  assert.deepEqual(codeOf(read(der, key)), ['cert_file', 'tls_not_pem'])
  const [begin, ...rest] = (await readFile(cert, 'utf8')).split('\n')
  const torn = join(directory, 'torn.crt')
  await writeFile(torn, [begin, ...rest.slice(2)].join('\n'))
  assert.deepEqual(codeOf(read(torn, key)), ['cert_file', 'tls_damaged'])
})

test('an encrypted key is refused with the command that decrypts it', async (t) => {
  const directory = await freshDirectory(t)
  const { cert, key } = await makePair(directory, 'a.example')
  const encrypted = join(directory, 'encrypted.key')
  await openssl('pkey', '-in', key, '-aes256', '-passout', 'pass:hunter2', '-out', encrypted)
  const result = read(cert, encrypted)
  assert.deepEqual(codeOf(result), ['key_file', 'tls_key_encrypted'])
  assert(result.kind === 'bad' && result.problem.hint?.includes(`openssl pkey -in ${encrypted}`))
})

test('a key that OpenSSL finds too weak is refused before anybody connects', async (t) => {
  const { cert, key } = await makePair(await freshDirectory(t), 'a.example', ['-newkey', 'rsa:1024'])
  const result = read(cert, key)
  assert.deepEqual(codeOf(result), ['cert_file', 'tls_unusable'])
  assert(result.kind === 'bad' && result.problem.message.includes('key too small'))
})

test('a certificate out of its time, or for another host, is a warning', async (t) => {
  const { cert, key } = await makePair(await freshDirectory(t), 'a.example')
  const pair = pairOf(read(cert, key))
  const codes = (now: number, host: string): readonly string[] =>
    pairWarnings(pair, now, host).map(({ code }) => code)
  assert.deepEqual(codes(pair.validUntil - 1, 'a.example'), [])
  assert.deepEqual(codes(pair.validUntil - 1, ''), [])
  assert.deepEqual(codes(pair.validUntil, 'a.example'), ['tls_expired'])
  assert.deepEqual(codes(pair.validFrom - 1, ''), ['tls_not_yet_valid'])
  assert.deepEqual(codes(pair.validUntil - 1, 'b.example'), ['tls_wrong_name'])
  assert.deepEqual(codes(pair.validUntil - 1, '127.0.0.1'), ['tls_wrong_name'])
})
