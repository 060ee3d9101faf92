import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { connect as connectPlainly } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls'

import type { TlsConfig } from '../../../internal/config/config.ts'
import { readKeyPair } from '../../../internal/config/key-pair.ts'
import type { LogFields } from '../../../internal/log/types.ts'
import { Certificates } from '../../../internal/server/certificates.ts'
import { FileWatch } from '../../../internal/server/file-watch.ts'
import { secureServer, tlsServerOptions } from '../../../internal/server/tls-server.ts'
import { makePair, type PairFiles } from '../../support/certificates.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { freshDirectory } from '../../support/directory.ts'
import { RecordingLogger } from '../../fixtures/worker/fakes.ts'

/** Remembers its lines, and tells who waits for one. */
class WaitingLogger extends RecordingLogger {
  readonly #wanted: { readonly pattern: RegExp; readonly found: (fields: LogFields) => void }[] = []

  /** Resolves with the fields of the next line whose message matches. */
  next(pattern: RegExp): Promise<LogFields> {
    return new Promise((found) => this.#wanted.push({ pattern, found }))
  }

  override info(fields: LogFields, message: string): void {
    super.info(fields, message)
    this.#tell(fields, message)
  }

  override error(fields: LogFields, message: string): void {
    super.error(fields, message)
    this.#tell(fields, message)
  }

  #tell(fields: LogFields, message: string): void {
    for (const { pattern, found } of this.#wanted) if (pattern.test(message)) found(fields)
  }
}

interface Front {
  readonly certificates: Certificates
  readonly logger: WaitingLogger
  readonly port: number
  /** Codes of the handshakes that failed. */
  readonly failed: readonly string[]
  /** A connection after its handshake; rejects when that fails. */
  readonly connect: (options?: ConnectionOptions) => Promise<TLSSocket>
}

/** A TLS server that sends back what it gets. */
async function front(
  t: Cleanup,
  files: PairFiles,
  minVersion: TlsConfig['minVersion'] = '1.2',
  handshakeMs = 5_000,
): Promise<Front> {
  const logger = new WaitingLogger()
  const tls: TlsConfig = { certFile: files.cert, keyFile: files.key, minVersion, redirectFrom: null }
  const certificates = Certificates.open({ tls, read: readKeyPair, logger, settleMs: 20 })
  t.after(() => certificates.close())
  const server = createServer(tlsServerOptions(handshakeMs), (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  const failed: string[] = []
  secureServer(server, certificates, ({ code }) => failed.push(code))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const address = server.address()
  assert(address !== null && typeof address === 'object')
  const { port } = address
  return {
    certificates,
    logger,
    port,
    failed,
    connect: async (options = {}) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
      t.after(() => void socket.destroy())
      await once(socket, 'secureConnect')
      return socket
    },
  }
}

function nameOf(socket: TLSSocket): string {
  return socket.getPeerX509Certificate()?.subjectAltName ?? ''
}

async function echo(socket: TLSSocket, text: string): Promise<string> {
  socket.write(text)
  const [chunk] = await once(socket, 'data')
  return String(chunk)
}

/** Puts other files in the place of a pair, each by a rename as certbot and most others do. */
async function replace(files: PairFiles, by: PairFiles): Promise<void> {
  for (const [to, from] of [
    [files.cert, by.cert],
    [files.key, by.key],
  ] as const) {
    await copyFile(from, `${to}.new`)
    await rename(`${to}.new`, to)
  }
}

test('a renewed certificate is shown to new connections, and open ones go on', async (t) => {
  const directory = await freshDirectory(t)
  const files = await makePair(directory, 'a.example')
  const other = await makePair(await freshDirectory(t), 'b.example')
  const { connect: open, logger, certificates } = await front(t, files)
  const before = await open()
  assert.equal(nameOf(before), 'DNS:a.example')
  const first = certificates.expiresAt
  const replaced = logger.next(/^certificate replaced/)
  await replace(files, other)
  assert.equal((await replaced)['names'], 'DNS:b.example')
  assert.equal(nameOf(await open()), 'DNS:b.example')
  assert.equal(nameOf(await open({ servername: 'a.example' })), 'DNS:b.example')
  assert.equal(await echo(before, 'still here'), 'still here')
  assert(certificates.expiresAt >= first)
  assert.equal(new Date(certificates.expiresAt).toISOString(), (await replaced)['expires'])
})

test('files that do not work leave the old pair in place, and the log says which file and why', async (t) => {
  const directory = await freshDirectory(t)
  const files = await makePair(directory, 'a.example')
  const { connect: open, logger } = await front(t, files)
  const refused = logger.next(/^the new certificate is not used/)
  await writeFile(files.cert, 'not a certificate')
  const { code, file } = await refused
  assert.deepEqual({ code, file }, { code: 'tls_not_pem', file: files.cert })
  assert.equal(nameOf(await open()), 'DNS:a.example')
  const again = logger.next(/^certificate replaced/)
  await replace(files, await makePair(await freshDirectory(t), 'c.example'))
  await again
  assert.equal(nameOf(await open()), 'DNS:c.example')
})

test('a key of another certificate is not taken up, nor is one that vanished', async (t) => {
  const files = await makePair(await freshDirectory(t), 'a.example')
  const other = await makePair(await freshDirectory(t), 'b.example')
  const { connect: open, logger, certificates } = await front(t, files)
  const mismatch = logger.next(/does not belong to/)
  await copyFile(other.key, files.key)
  assert.equal((await mismatch)['code'], 'tls_mismatch')
  const gone = logger.next(/does not exist/)
  await rm(files.key)
  assert.equal((await gone)['code'], 'tls_file_missing')
  assert.equal(certificates.check(), 'kept')
  assert.equal(nameOf(await open()), 'DNS:a.example')
})

test('a file that stays wrong is complained about once, and its repair is told', async (t) => {
  const files = await makePair(await freshDirectory(t), 'a.example')
  const { logger, certificates } = await front(t, files)
  const right = await readFile(files.cert)
  await writeFile(files.cert, 'x')
  assert.deepEqual([certificates.check(), certificates.check()], ['kept', 'kept'])
  assert.equal(logger.lines.filter(({ level }) => level === 'error').length, 1)
  await writeFile(files.cert, right)
  assert.equal(certificates.check(), 'unchanged')
  assert(logger.lines.some(({ message }) => message === 'certificate files are right again'))
})

test('no line of the log has key material in it', async (t) => {
  const files = await makePair(await freshDirectory(t), 'a.example')
  const other = await makePair(await freshDirectory(t), 'b.example')
  const { logger, certificates } = await front(t, files)
  const keys = [await readFile(files.key, 'utf8'), await readFile(other.key, 'utf8')]
  await copyFile(other.key, files.key)
  certificates.check()
  await writeFile(files.key, keys[0]?.slice(0, 100) ?? '')
  certificates.check()
  await replace(files, other)
  certificates.check()
  const text = JSON.stringify(logger.lines)
  assert.match(text, /tls_mismatch.*certificate replaced/)
  const secret = keys
    .flatMap((key) => key.split('\n'))
    .filter((line) => line !== '' && !line.startsWith('-----'))
  assert(secret.length >= 4)
  for (const line of secret) assert(!text.includes(line.slice(0, 16)))
})

test('the swap of a directory behind links, as Kubernetes does it, is seen', async (t) => {
  const directory = await freshDirectory(t)
  const versions = await Promise.all(
    ['a.example', 'b.example'].map(async (name) => {
      await mkdir(join(directory, `..${name}`))
      const made = await makePair(join(directory, `..${name}`), name)
      await rename(made.cert, join(directory, `..${name}`, 'tls.crt'))
      await rename(made.key, join(directory, `..${name}`, 'tls.key'))
      return `..${name}`
    }),
  )
  const [first = '', second = ''] = versions
  await symlink(first, join(directory, '..data'))
  const files = { cert: join(directory, 'tls.crt'), key: join(directory, 'tls.key') }
  await symlink('..data/tls.crt', files.cert)
  await symlink('..data/tls.key', files.key)
  const { connect: open, logger } = await front(t, files)
  assert.equal(nameOf(await open()), 'DNS:a.example')
  for (const [version, name] of [
    [second, 'DNS:b.example'],
    [first, 'DNS:a.example'],
  ] as const) {
    const replaced = logger.next(/^certificate replaced/)
    await symlink(version, join(directory, '..data_tmp'))
    await rename(join(directory, '..data_tmp'), join(directory, '..data'))
    await replaced
    assert.equal(nameOf(await open()), name)
  }
})

test('a client that only speaks TLS 1.1 is refused, and with min_version 1.3 one that only speaks 1.2', async (t) => {
  const files = await makePair(await freshDirectory(t), 'a.example')
  const refused = { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' }
  const old: ConnectionOptions = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }
  const modern = await front(t, files)
  await assert.rejects(modern.connect({ ...old, maxVersion: 'TLSv1.1' }), refused)
  assert.equal((await modern.connect({ maxVersion: 'TLSv1.2' })).getProtocol(), 'TLSv1.2')
  const strict = await front(t, files, '1.3')
  await assert.rejects(strict.connect({ maxVersion: 'TLSv1.2' }), refused)
  assert.equal((await strict.connect()).getProtocol(), 'TLSv1.3')
})

test('only HTTP/1.1 is agreed on, before and after the certificate was replaced', async (t) => {
  const files = await makePair(await freshDirectory(t), 'a.example')
  const { connect: open, certificates } = await front(t, files)
  const check = async (): Promise<void> => {
    assert.equal((await open({ ALPNProtocols: ['h2', 'http/1.1'] })).alpnProtocol, 'http/1.1')
    assert.equal((await open()).alpnProtocol, false)
    await assert.rejects(open({ ALPNProtocols: ['h2'] }), {
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    })
  }
  await check()
  await replace(files, await makePair(await freshDirectory(t), 'b.example'))
  certificates.check()
  await check()
})

test('a listener that throws is told in the log, and the others still get the pair', async (t) => {
  const files = await makePair(await freshDirectory(t), 'a.example')
  const { connect: open, logger, certificates } = await front(t, files)
  let calls = 0
  certificates.onChange(() => {
    calls += 1
    if (calls > 1) throw new Error('planted')
  })
  await replace(files, await makePair(await freshDirectory(t), 'b.example'))
  assert.notEqual(certificates.check(), 'kept')
  assert(logger.lines.some(({ level, fields }) => level === 'error' && fields['reason'] === 'planted'))
  assert.equal(nameOf(await open()), 'DNS:b.example')
})

test('a client that does not get on with its handshake is cut off', async (t) => {
  const files = await makePair(await freshDirectory(t), 'a.example')
  const { port, failed } = await front(t, files, '1.2', 1)
  const silent = connectPlainly({ port, host: '127.0.0.1' }).resume()
  await once(silent, 'close')
  assert.deepEqual(failed, ['ERR_TLS_HANDSHAKE_TIMEOUT'])
})

test('a client cannot have the handshake done again', async (t) => {
  const files = await makePair(await freshDirectory(t), 'a.example')
  const { connect: open } = await front(t, files)
  const socket = await open({ maxVersion: 'TLSv1.2' })
  const outcome = await new Promise<Error | null>((resolve) => {
    socket.on('error', resolve)
    socket.renegotiate({}, resolve)
  })
  assert.match(String(outcome), /no renegotiation/i)
})

test('after close nothing is watched', async (t) => {
  const files = await makePair(await freshDirectory(t), 'a.example')
  const { certificates, logger } = await front(t, files)
  certificates.close()
  certificates.close()
  const later = Promise.withResolvers<void>()
  const onError = later.reject
  const witness = new FileWatch({ files: [files.cert], settleMs: 100, onChange: later.resolve, onError })
  t.after(() => witness.close())
  const heard = logger.lines.length
  await writeFile(files.cert, 'x')
  await later.promise
  assert.equal(logger.lines.length, heard)
})
