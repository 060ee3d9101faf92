/** Absolute URLs in the configuration: the public address, allowed origins, workers run elsewhere. */

import type { Address } from './config.ts'
import { parseMount } from './mount.ts'
import { bad, ok, type Parsed } from './parsed.ts'

/** Reads the public base: `http(s)://host[:port][/path]`, no trailing slash; `''` = not set. */
export function parsePublicUrl(text: string): Parsed<string> {
  if (text === '') return ok('')
  const url = webUrl(text)
  if (url === null) return bad('write scheme and host, for example "https://app.example"')
  if (url.username !== '' || url.password !== '') return bad('write the address without user and password')
  if (text.includes('?') || text.includes('#')) return bad('write the address without query and fragment')
  const path = parseMount(url.pathname)
  if (path.kind === 'bad') return path
  return ok(url.origin + (path.value === '/' ? '' : path.value))
}

/** Reads an origin as browsers send it: `scheme://host[:port]`. */
export function parseOrigin(text: string): Parsed<string> {
  if (text === '*') return bad('list the pages that may open sockets, for example "https://app.example"')
  const url = webUrl(text)
  if (url === null) return bad('write scheme and host, for example "https://app.example"')
  return url.href === `${url.origin}/` && !/[?#]/.test(text) ? ok(url.origin) : bad(`write "${url.origin}"`)
}

/** Where a worker that is run elsewhere listens; a relative socket path is resolved by the caller. */
export interface WorkerUrl {
  readonly address: Address
  readonly basePath: string
}

/** Reads a worker's `url`: `http://host[:port][/base]` or `unix:/path`. */
export function parseWorkerUrl(text: string): Parsed<WorkerUrl> {
  if (text.startsWith('unix:')) return parseUnixUrl(text)
  if (/^https:/i.test(text))
    return bad('TLS to workers is not supported; write "http://..." and keep the hop private')
  if (/^[\w.-]+:[0-9]+(\/|$)/.test(text)) return bad(`write "http://${text}"`)
  const url = webUrl(text)
  if (url === null) return bad('write "http://host:port" or "unix:/path"')
  if (url.username !== '' || url.password !== '') return bad('write the address without user and password')
  if (text.includes('?') || text.includes('#')) return bad('write the address without query and fragment')
  const base = parseMount(url.pathname)
  if (base.kind === 'bad') return base
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? 80 : Number(url.port)
  return ok({ address: { kind: 'tcp', host, port }, basePath: base.value === '/' ? '' : base.value })
}

function parseUnixUrl(text: string): Parsed<WorkerUrl> {
  const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
  if (path === '' || path.includes('\0')) return bad('write "unix:/path/to/socket"')
  return ok({ address: { kind: 'unix', path }, basePath: '' })
}

function webUrl(text: string): URL | null {
  // URL would trim and repair these; a configuration should say what it means.
  if (!/^https?:\/\/[^/\\\s]/i.test(text) || /[\s\\]/.test(text)) return null
  return URL.canParse(text) ? new URL(text) : null
}
