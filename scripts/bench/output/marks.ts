/** The part of a page that a script writes. */

/** The lines around it. */
export interface Marks {
  readonly begin: string
  readonly end: string
}

/**
 * The page with everything between its two marks replaced.
 * @throws Error when the page has lost a mark: the text would be lost or written twice
 */
export function replaceBetween(page: string, { begin, end }: Marks, text: string): string {
  const from = page.indexOf(begin)
  const to = page.indexOf(end, from + begin.length)
  if (from === -1 || to === -1) throw new Error(`the page has lost its marks ${begin} and ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`
}
