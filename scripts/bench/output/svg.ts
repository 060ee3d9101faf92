/** The two kinds of pictures the reports have, as SVG 1.1 text without a script, a font or a colour of its own theme. */

import { digits } from './table.ts'
import type { Point } from './statistics.ts'

/** One bar, labelled. */
export interface Bar {
  readonly label: string
  readonly value: number
  /** Drawn in the strong colour: the subject of the comparison. */
  readonly isSubject: boolean
}

/** Bars that share a title and a scale. */
export interface BarGroup {
  readonly title: string
  readonly bars: readonly Bar[]
  /** A value to mark across the bars, such as a budget. */
  readonly limit?: number
}

/** One line of a plot with its own scale. */
export interface Series {
  readonly title: string
  readonly unit: string
  readonly points: readonly Point[]
}

const width = 760
const labelWidth = 150
const barHeight = 16
const font = 'font-family="system-ui, sans-serif" font-size="12"'
// Readable on white and on a dark page alike.
const colours = { subject: '#d9480f', other: '#74879c', text: '#6b7683', limit: '#c92a2a' }

/** Groups of horizontal bars, one below the other; each group has its own scale, which starts at 0. */
export function barChart(title: string, groups: readonly BarGroup[]): string {
  let y = 30
  const parts: string[] = []
  for (const group of groups) {
    parts.push(text(0, y, group.title, 'font-weight="bold"'))
    y += 8
    parts.push(...bars(group, y))
    y += group.bars.length * (barHeight + 4) + 26
  }
  return svg(title, y, parts)
}

/** Plots of series over the same x (seconds), one below the other. */
export function linePlots(title: string, series: readonly Series[]): string {
  const height = 120
  const parts = series.flatMap((one, index) => plot(one, 40 + index * (height + 40), height))
  return svg(title, 30 + series.length * (height + 40), parts)
}

function bars({ bars: all, limit }: BarGroup, top: number): string[] {
  const largest = Math.max(...all.map(({ value }) => value), limit ?? 0, Number.MIN_VALUE)
  const scale = (width - labelWidth - 70) / largest
  const drawn = all.flatMap(({ label, value, isSubject }, index) => {
    const y = top + index * (barHeight + 4)
    const length = Math.max(1, value * scale)
    const colour = isSubject ? colours.subject : colours.other
    return [
      text(labelWidth - 8, y + 12, label, 'text-anchor="end"'),
      `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${colour}"/>`,
      text(labelWidth + length + 6, y + 12, digits(value)),
    ]
  })
  if (limit === undefined) return drawn
  const x = (labelWidth + limit * scale).toFixed(1)
  const bottom = top + all.length * (barHeight + 4)
  const stroke = `stroke="${colours.limit}" stroke-dasharray="4 3"`
  return [...drawn, `<line x1="${x}" y1="${top - 2}" x2="${x}" y2="${bottom}" ${stroke}/>`]
}

function plot({ title, unit, points }: Series, top: number, height: number): string[] {
  const xs = points.map(({ x }) => x)
  const from = Math.min(...xs)
  const span = Math.max(...xs) - from || 1
  const largest = Math.max(...points.map(({ y }) => y), Number.MIN_VALUE)
  const place = ({ x, y }: Point): string =>
    `${(((x - from) / span) * (width - 1)).toFixed(1)},${(top + height - (y / largest) * height).toFixed(1)}`
  return [
    text(0, top - 8, `${title} (0 to ${digits(largest)} ${unit}, ${digits(span)} s)`),
    `<rect x="0" y="${top}" width="${width}" height="${height}" fill="none" stroke="${colours.other}"/>`,
    `<polyline fill="none" stroke="${colours.subject}" points="${points.map(place).join(' ')}"/>`,
  ]
}

function svg(title: string, height: number, parts: readonly string[]): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" ${font}>`,
    `<title>${escape(title)}</title>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${colours.text}" ${attributes}>${escape(content)}</text>`
}

function escape(content: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return content.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}
