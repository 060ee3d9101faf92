/** Rows of text as a table, for a terminal or for Markdown. */

/** A heading and its cells are to the left (names) or to the right (numbers). */
export type Alignment = 'left' | 'right'

/** A table before anyone decided how it looks. */
export interface Table {
  readonly headings: readonly string[]
  /** One per column; a column without one is to the right, as most columns are numbers. */
  readonly alignments: readonly Alignment[]
  readonly rows: readonly (readonly string[])[]
}

/** Columns of equal width, two spaces between them, no line longer than its cells need. */
export function textTable({ headings, alignments, rows }: Table): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => pad(cells[column] ?? '', width, alignments[column] ?? 'right'))
      .join('  ')
      .trimEnd()
  return [headings, ...rows].map(line).join('\n')
}

/** The same as a Markdown table; a `|` in a cell is escaped. */
export function markdownTable({ headings, alignments, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${headings.map((_, column) => (cells[column] ?? '').replaceAll('|', '\\|')).join(' | ')} |`
  const rule = headings.map((_, column) => (alignments[column] === 'left' ? '---' : '---:'))
  return [line(headings), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}

/**
 * A number in as many digits as it deserves: three, unless it is whole and large.
 * @returns `12 345`, `123`, `12.3`, `1.23`, `0.012`
 */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size >= 100) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ')
  if (size >= 10) return value.toFixed(1)
  if (size >= 0.1 || size === 0) return value.toFixed(2)
  return value.toPrecision(2)
}

function pad(text: string, width: number, alignment: Alignment): string {
  return alignment === 'left' ? text.padEnd(width) : text.padStart(width)
}
