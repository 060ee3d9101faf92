/** What goes into an archive: the same kind of thing for every format. */

/** One file. Directories above it are made by the formats that want them. */
export interface Entry {
  /** Relative, with `/`. */
  readonly path: string
  readonly bytes: Buffer
  readonly isExecutable: boolean
}

/** A file of text or bytes, executable or not. */
export function entry(path: string, content: Buffer | string, isExecutable = false): Entry {
  return { path, bytes: typeof content === 'string' ? Buffer.from(content) : content, isExecutable }
}

/** The mode of a file, owner's write permission only. */
export function modeOf({ isExecutable }: Entry): number {
  return isExecutable ? 0o755 : 0o644
}

/** Sorted by path, by bytes and not by the reader's language. */
export function sorted(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}
