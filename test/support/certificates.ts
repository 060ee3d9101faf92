import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where a pair was written. */
export interface PairFiles {
  readonly cert: string
  readonly key: string
}

/**
 * Makes a self-signed certificate for a host name and its private key with the openssl command: NAME.crt and NAME.key.
 * @param options further arguments of `openssl req`
 */
export async function makePair(
  directory: string,
  name: string,
  options: readonly string[] = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
): Promise<PairFiles> {
  const files = { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) }
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', '30']
  const output = ['-keyout', files.key, '-out', files.cert]
  await run('openssl', ['req', '-x509', '-noenc', ...options, ...subject, ...output])
  return files
}

/** Runs the openssl command with other work. */
export async function openssl(...words: readonly string[]): Promise<void> {
  await run('openssl', words)
}
