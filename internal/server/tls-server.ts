/** How the TLS server of the public listener is set up, and how it comes by the next certificate. */

import { constants } from 'node:crypto'
import type { SecureContextOptions, Server, TlsOptions } from 'node:tls'

import type { KeyPair } from '../config/key-pair.ts'
import type { Certificates } from './certificates.ts'

/**
 * Options for `tls.createServer`, without a certificate: {@link secureServer} brings it. None of Node's callbacks
 * (SNI, ALPN, PSK) is used: they run outside of every request, where a throw ends the process.
 * @param handshakeMs time for a complete handshake; 0 = Node's own 120 s
 */
export function tlsServerOptions(handshakeMs: number): TlsOptions {
  return {
    // Who speaks only HTTP/2 is told so in the handshake (RFC 7301 3.2), not by an answer it cannot read.
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: handshakeMs,
  }
}

/** A handshake that failed. */
export interface FailedHandshake {
  /** Node's code such as `ERR_SSL_UNSUPPORTED_PROTOCOL` or `ERR_TLS_HANDSHAKE_TIMEOUT`. */
  readonly code: string
  /** Address of the client; `''` when it has gone. */
  readonly client: string
}

/**
 * Gives a server the current pair, and every later one: connections that are open keep what they have, new ones
 * get the new pair, and tickets of sessions begun before are no longer honoured. Ends connections whose handshake
 * fails.
 * @param onFailed told of each of them, for a count or the log at level debug: scanners cause them all day; must
 *   not throw
 * @returns what ends the following; needed only where the server ends before the certificates
 */
export function secureServer(
  server: Pick<Server, 'setSecureContext' | 'on'>,
  certificates: Certificates,
  onFailed: (failed: FailedHandshake) => void = () => undefined,
): () => void {
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const client = socket.remoteAddress ?? ''
    // After a timeout Node leaves the connection open, for ever.
    socket.destroy()
    onFailed({ code: error.code ?? 'unknown', client })
  })
  return certificates.onChange((pair) => {
    server.setSecureContext(contextOptions(pair, certificates.minVersion))
  })
}

/** Ciphers and groups are Node's own: OpenSSL's modern ones, those with forward secrecy first. */
function contextOptions(pair: KeyPair, minVersion: '1.2' | '1.3'): SecureContextOptions {
  return {
    cert: pair.certificate,
    key: pair.key.reveal(),
    minVersion: `TLSv${minVersion}`,
    // A client could make the server compute, again and again, on one connection.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  }
}
