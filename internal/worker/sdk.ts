import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The Python package that travels in this program. */
export interface PackageFiles {
  /** As in its metadata. */
  readonly version: string
  /** Texts by path, such as `fluxlit/__init__.py`. */
  readonly files: Readonly<Record<string, string>>
}

/** The Python package that travels in this program, unpacked. */
export interface Sdk {
  /** Absolute; what goes onto the import path, with the package `fluxlit` in it. */
  readonly directory: string
  readonly version: string
}

/** Writes the package below a directory, readable for whoever can enter that. */
export function unpack({ version, files }: PackageFiles, directory: string): Sdk {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    writeFileSync(path, text, { mode: 0o644 })
  }
  return { directory, version }
}

/**
 * Unpacks when first asked, once into every directory: `own`, or the one that another account can enter.
 */
export function lazily(read: () => PackageFiles, own: string): (elsewhere?: string) => Sdk {
  const unpacked = new Map<string, Sdk>()
  return (directory = own) => {
    const sdk = unpacked.get(directory) ?? unpack(read(), directory)
    unpacked.set(directory, sdk)
    return sdk
  }
}
