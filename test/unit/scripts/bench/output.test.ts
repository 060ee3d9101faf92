import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import { marks as written } from '../../../../scripts/bench/keep.ts'
import { replaceBetween } from '../../../../scripts/bench/output/marks.ts'
import { barChart, linePlots } from '../../../../scripts/bench/output/svg.ts'
import { digits, markdownTable, textTable } from '../../../../scripts/bench/output/table.ts'
import { repository } from '../../../support/python.ts'

const table = {
  headings: ['peer', 'CPU'],
  alignments: ['left'],
  rows: [
    ['nginx', '9'],
    ['a|b', '12.5'],
  ],
} as const

suite('the tables of the bench', () => {
  test('have columns of equal width, names to the left and numbers to the right', () => {
    assert.equal(textTable(table), 'peer    CPU\nnginx     9\na|b    12.5')
  })

  test('are Markdown in which no cell ends early', () => {
    assert.equal(markdownTable(table), '| peer | CPU |\n| --- | ---: |\n| nginx | 9 |\n| a\\|b | 12.5 |')
  })

  test('give numbers as many digits as they deserve', () => {
    const texts = [1234567.8, 123.4, 99.94, 12.34, 1.234, 0.0123, 0, -45.67, NaN].map(digits)
    assert.deepEqual(texts, ['1 234 568', '123', '99.9', '12.3', '1.23', '0.012', '0.00', '-45.7', '-'])
  })
})

suite('the written part of a page', () => {
  const marks = { begin: '<!-- a -->', end: '<!-- b -->' }

  test('is replaced, and nothing else of the page', () => {
    const page = 'before\n<!-- a -->\nold\n<!-- b -->\nafter\n'
    const next = replaceBetween(page, marks, 'new\n')
    assert.equal(next, 'before\n<!-- a -->\n\nnew\n\n<!-- b -->\nafter\n')
    assert.equal(replaceBetween(next, marks, 'new'), next)
  })

  test('has its place in docs/performance.md', () => {
    const page = readFileSync(join(repository, 'docs', 'performance.md'), 'utf8')
    assert.match(replaceBetween(page, written, 'figures'), /\n\nfigures\n\n/)
  })

  test('is not written into a page that lost a mark', () => {
    assert.throws(() => replaceBetween('<!-- b --> <!-- a -->', marks, ''), /lost its marks/)
    assert.throws(() => replaceBetween('<!-- a -->', marks, ''), /lost its marks/)
  })
})

suite('the pictures of the bench', () => {
  const chart = barChart('a < b & "c"', [
    {
      title: 'CPU <us>',
      bars: [
        { label: 'fluxlit', value: 20, isSubject: true },
        { label: 'nginx', value: 10, isSubject: false },
      ],
      limit: 14,
    },
  ])

  test('are XML whatever the names contain', () => {
    assert.match(chart, /<title>a &lt; b &amp; &quot;c&quot;<\/title>/)
    assert.match(chart, />CPU &lt;us&gt;</)
    assert.deepEqual(unbalanced(chart), [])
  })

  test('have bars as long as their values', () => {
    const [first = NaN, second = NaN] = [...chart.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    )
    assert.ok(Math.abs(first / second - 2) < 0.01, `${first} and ${second}`)
  })

  test('mark the limit between the bars it lies between', () => {
    const x = Number(/<line x1="([\d.]+)"/.exec(chart)?.[1])
    const ends = [...chart.matchAll(/<rect x="(\d+)"[^>]*width="([\d.]+)"/g)].map(
      ([, from, width]) => Number(from) + Number(width),
    )
    assert.ok(x < (ends[0] ?? NaN) && x > (ends[1] ?? NaN), `${x} between ${ends.join(' and ')}`)
  })

  test('plot a series from its first to its last point, higher values further up', () => {
    const plots = linePlots('soak', [
      {
        title: 'memory',
        unit: 'MiB',
        points: [
          { x: 0, y: 50 },
          { x: 60, y: 100 },
        ],
      },
    ])
    const points = /points="([^"]+)"/
      .exec(plots)?.[1]
      ?.split(' ')
      .map((point) => point.split(',').map(Number))
    assert.deepEqual(
      points?.map(([x]) => x),
      [0, 759],
    )
    assert.ok((points?.[0]?.[1] ?? NaN) > (points?.[1]?.[1] ?? NaN))
    assert.deepEqual(unbalanced(plots), [])
  })
})

/** Elements that are opened and not closed, or the reverse. */
function unbalanced(xml: string): readonly string[] {
  const open: string[] = []
  for (const [, slash, name = '', , selfClosed] of xml.matchAll(
    /<(\/)?([a-z]+)((?:"[^"]*"|[^">])*?)(\/)?>/g,
  )) {
    if (selfClosed !== undefined) continue
    if (slash === undefined) open.push(name)
    else if (open.pop() !== name) return [...open, `/${name}`]
  }
  return open
}
