/** Reading files named by the configuration, with the reason in words when that fails. */

import { readFileSync, statSync } from 'node:fs'

/** A file's text, or why there is none. */
export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; /** `permission denied`, `it is a directory`. */ readonly reason: string }

/** Reads a UTF-8 file as a whole; malformed UTF-8 is unreadable, never repaired. */
export function readText(path: string): FileText {
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) }
  } catch (error) {
    const reason = reasonOf(error)
    return reason === null ? { kind: 'missing' } : { kind: 'unreadable', reason }
  }
}

/** What is at a path, after symbolic links. */
export function kindOfPath(path: string): 'file' | 'directory' | 'missing' | 'unreadable' {
  try {
    const stats = statSync(path)
    return stats.isDirectory() ? 'directory' : 'file'
  } catch (error) {
    return reasonOf(error) === null ? 'missing' : 'unreadable'
  }
}

/** Null when the file does not exist. */
function reasonOf(error: unknown): string | null {
  if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
    return 'it is not UTF-8'
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return null
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied'
  if (code === 'EISDIR') return 'it is a directory'
  if (code === 'ELOOP') return 'symbolic links go in a circle'
  return typeof code === 'string' ? code : 'it cannot be read'
}
