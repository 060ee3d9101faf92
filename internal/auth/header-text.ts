/** Text of tokens and directories as the value of a header. */

/**
 * Visible ASCII and spaces inside as they are; everything else, and `%`, as percent-encoded UTF-8. Workers read headers as
 * Latin-1, and a line break in a name must not begin another header.
 */
export function headerText(text: string): string {
  return encoded(text, /[^ !-$&-~]/gu)
}

/** Texts as one value, separated by commas; one inside is encoded. */
export function headerList(texts: readonly string[]): string {
  return texts.map((text) => encoded(text, /[^ !-$&-+\--~]/gu)).join(',')
}

function encoded(text: string, unfit: RegExp): string {
  return text.replace(unfit, percent).replace(/^ +| +$/g, (spaces) => '%20'.repeat(spaces.length))
}

function percent(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
}
