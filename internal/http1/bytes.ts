/** What single bytes may stand for in HTTP/1.1 (RFC 9110 5.5 and 5.6.2, RFC 9112 3.2), as one table of bit flags. */

/** Part of a token: method, field name, coding. */
export const tokenBit = 1
/** Part of a field value: visible ASCII, space, tab and the bytes above ASCII, which pass unread. */
export const valueBit = 2
/** Part of a request target: visible ASCII only. */
export const targetBit = 4
/** A hexadecimal digit. */
export const hexBit = 8

export const tab = 0x09
export const lineFeed = 0x0a
export const carriageReturn = 0x0d
export const space = 0x20
export const colon = 0x3a

/** Flags of every byte. */
export const byteClass: Uint8Array = classify()

function classify(): Uint8Array {
  const table = new Uint8Array(256)
  for (let byte = 0x21; byte <= 0x7e; byte += 1) table[byte] = valueBit | targetBit
  for (let byte = 0x80; byte <= 0xff; byte += 1) table[byte] = valueBit
  for (const byte of [space, tab]) table[byte] = valueBit
  mark(table, "!#$%&'*+-.^_`|~", tokenBit)
  mark(table, '0123456789', tokenBit | hexBit)
  mark(table, 'abcdefABCDEF', hexBit)
  mark(table, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', tokenBit)
  return table
}

function mark(table: Uint8Array, characters: string, bits: number): void {
  for (const character of characters) {
    const byte = character.charCodeAt(0)
    table[byte] = (table[byte] ?? 0) | bits
  }
}

/** Whether a byte has one of the flags. */
export function isA(byte: number | undefined, bits: number): boolean {
  return byte !== undefined && ((byteClass[byte] ?? 0) & bits) !== 0
}

/** Whether a text is a token (RFC 9110 5.6.2). */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (!isA(text.charCodeAt(i), tokenBit)) return false
  return text.length > 0
}
