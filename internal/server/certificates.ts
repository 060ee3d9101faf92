/**
 * The certificate of the public listener while it is renewed: read at start, again whenever its files change, and
 * replaced only by one that works.
 */

import type { TlsConfig } from '../config/config.ts'
import type { KeyPair, KeyPairResult } from '../config/key-pair.ts'
import { exitCode, StartupError } from '../fault/startup.ts'
import type { Logger } from '../log/types.ts'
import { FileWatch } from './file-watch.ts'

/** What a {@link Certificates} is made from. */
export interface CertificatesParts {
  readonly tls: TlsConfig
  /** `readKeyPair` of the configuration: both files now, as a pair or as a reason. */
  readonly read: (tls: TlsConfig) => KeyPairResult
  readonly logger: Logger
  /** Time two files have to be replaced one after the other, in milliseconds. */
  readonly settleMs?: number
}

/** What a look at the files found: another pair, the same, or one that does not work, so that the old one stays. */
export type Checked = 'changed' | 'unchanged' | 'kept'

const settleMs = 500

/** The pair in force. Key material is given to {@link Certificates.onChange} and to nobody else, least of all the log. */
export class Certificates {
  readonly #parts: CertificatesParts
  readonly #watch: FileWatch
  readonly #listeners = new Set<(pair: KeyPair) => void>()
  #pair: KeyPair
  /** What was last said about files that do not work; they are looked at far more often than they change. */
  #complaint: string | null = null
  #deaf = false

  private constructor(parts: CertificatesParts, pair: KeyPair) {
    this.#parts = parts
    this.#pair = pair
    this.#watch = new FileWatch({
      files: [parts.tls.certFile, parts.tls.keyFile],
      settleMs: parts.settleMs ?? settleMs,
      onChange: () => this.check(),
      onError: (error) => this.#sayDeaf(error),
    })
    parts.logger.info(this.#facts(), 'certificate loaded')
    // Whatever was written between the first look and the first watch.
    this.check()
  }

  /** Reads the files and watches them. @throws StartupError (2) when they do not work any more */
  static open(parts: CertificatesParts): Certificates {
    const read = parts.read(parts.tls)
    if (read.kind === 'bad') throw new StartupError([read.problem], exitCode.usage)
    return new Certificates(parts, read.pair)
  }

  /** Oldest version that is spoken. */
  get minVersion(): TlsConfig['minVersion'] {
    return this.#parts.tls.minVersion
  }

  /** Until when the certificate counts, in milliseconds since 1970; for the metric. */
  get expiresAt(): number {
    return this.#pair.validUntil
  }

  /**
   * Calls `listener` now and for every pair that follows; returns what ends that. A throw of it is the caller's now,
   * and a line in the log later.
   */
  onChange(listener: (pair: KeyPair) => void): () => void {
    listener(this.#pair)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Looks at the files now: for SIGHUP, and for file systems that report no changes. Never throws. */
  check(): Checked {
    const read = this.#parts.read(this.#parts.tls)
    if (read.kind === 'bad') return this.#keep(read)
    const { pair } = read
    const recovered = this.#complaint !== null
    this.#complaint = null
    if (isSame(pair, this.#pair)) {
      if (recovered) this.#parts.logger.info(this.#facts(), 'certificate files are right again')
      return 'unchanged'
    }
    this.#pair = pair
    this.#parts.logger.info(this.#facts(), 'certificate replaced; new connections get it')
    for (const listener of this.#listeners) this.#tell(listener)
    return 'changed'
  }

  /** Ends the watching. Idempotent. */
  close(): void {
    this.#watch.close()
    this.#listeners.clear()
  }

  #keep({ of, problem }: Extract<KeyPairResult, { kind: 'bad' }>): 'kept' {
    const { code, message, hint } = problem
    if (this.#complaint !== message) {
      const { tls, logger } = this.#parts
      const fields = { code, file: of === 'cert_file' ? tls.certFile : tls.keyFile, hint, ...this.#facts() }
      logger.error(fields, `the new certificate is not used, the one before stays: ${message}`)
    }
    this.#complaint = message
    return 'kept'
  }

  #tell(listener: (pair: KeyPair) => void): void {
    try {
      listener(this.#pair)
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown error'
      this.#parts.logger.error({ reason, ...this.#facts() }, 'the certificate could not be taken up')
    }
  }

  #sayDeaf(error: unknown): void {
    if (this.#deaf) return
    this.#deaf = true
    const reason = error instanceof Error ? error.message : 'unknown error'
    this.#parts.logger.warn({ reason }, 'changed certificates may go unnoticed; SIGHUP has them read again')
  }

  #facts(): { readonly names: string; readonly expires: string; readonly serial: string } {
    const { leaf, validUntil } = this.#pair
    return {
      names: leaf.subjectAltName ?? leaf.subject,
      expires: new Date(validUntil).toISOString(),
      serial: leaf.serialNumber,
    }
  }
}

function isSame(a: KeyPair, b: KeyPair): boolean {
  return a.certificate === b.certificate && a.key.reveal() === b.key.reveal()
}
