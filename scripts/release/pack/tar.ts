/** A tar archive (POSIX ustar) whose bytes depend on nothing but what is in it: no owners, no times but the given. */

import { modeOf, sorted } from './entry.ts'
import type { Entry } from './entry.ts'

/** How the entries are written. */
export interface TarOptions {
  /** Modification time of everything, in seconds. */
  readonly epoch: number
  /** In front of every path: `./` as dpkg wants it. */
  readonly prefix?: string
}

const blockSize = 512

/** The archive, with an entry for every directory in front of what is in it. */
export function tar(entries: readonly Entry[], { epoch, prefix = '' }: TarOptions): Buffer {
  const files = sorted(entries)
  const paths = [...new Set([...(prefix === '' ? [] : ['']), ...files.flatMap(({ path }) => parents(path))])]
  const directories = paths.map((path) => ({ path, file: null }))
  const all = [...directories, ...files.map((file) => ({ path: file.path, file }))]
  const blocks = all
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .flatMap(({ path, file }) =>
      file === null
        ? [header(`${prefix}${path}`, { mode: 0o755, size: 0, type: '5', epoch })]
        : [
            header(`${prefix}${path}`, { mode: modeOf(file), size: file.bytes.length, type: '0', epoch }),
            file.bytes,
            Buffer.alloc(-file.bytes.length & (blockSize - 1)),
          ],
    )
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockSize)])
}

/** `a/b/c` is in `a/` and `a/b/`. */
function parents(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`)
}

interface Fields {
  readonly mode: number
  readonly size: number
  readonly type: '0' | '5'
  readonly epoch: number
}

function header(path: string, { mode, size, type, epoch }: Fields): Buffer {
  const { name, directory } = split(path)
  const bytes = Buffer.alloc(blockSize)
  bytes.write(name, 0)
  bytes.write(octal(mode, 8), 100)
  bytes.write(octal(0, 8), 108)
  bytes.write(octal(0, 8), 116)
  bytes.write(octal(size, 12), 124)
  bytes.write(octal(epoch, 12), 136)
  bytes.fill(' ', 148, 156)
  bytes.write(type, 156)
  bytes.write('ustar\x0000', 257, 'latin1')
  bytes.write('root', 265)
  bytes.write('root', 297)
  bytes.write(directory, 345)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}

/** The name has 100 bytes; of a longer path the beginning goes into a field of its own, with 155. */
function split(path: string): { readonly name: string; readonly directory: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, directory: '' }
  const at = path.indexOf('/', path.length - 101)
  const directory = path.slice(0, at)
  if (at <= 0 || at === path.length - 1 || Buffer.byteLength(directory) > 155) {
    throw new Error(`the path is too long for a tar archive: ${path}`)
  }
  return { name: path.slice(at + 1), directory }
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}
