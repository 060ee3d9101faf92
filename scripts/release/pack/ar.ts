/** The archive a Debian package is: a few files in a row, each behind a line of 60 bytes. */

/** One member; the names of a Debian package have at most 15 bytes. */
export interface Member {
  readonly name: string
  readonly bytes: Buffer
}

/** @param epoch modification time of everything, in seconds */
export function ar(members: readonly Member[], epoch: number): Buffer {
  const parts = members.flatMap(({ name, bytes }) => [
    Buffer.from(
      [
        name.padEnd(16),
        String(epoch).padEnd(12),
        '0'.padEnd(6),
        '0'.padEnd(6),
        '100644'.padEnd(8),
        String(bytes.length).padEnd(10),
        '`\n',
      ].join(''),
    ),
    bytes,
    Buffer.from(bytes.length % 2 === 0 ? '' : '\n'),
  ])
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts])
}
