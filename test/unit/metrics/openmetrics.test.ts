import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseOpenMetrics } from '../../../internal/metrics/openmetrics.ts'

test('counters and gauges are taken with type, help and labels', () => {
  const text = `# TYPE session_events counter
# UNIT session_events
# HELP session_events Total count.
session_events_total{type="connect"} 5
session_events_total{type="re\\"con\\\\nect\\n"} 1.5e3
# TYPE active gauge
active 3 1700000000.5
# EOF
`
  assert.deepEqual(parseOpenMetrics(text), [
    {
      name: 'session_events',
      type: 'counter',
      help: 'Total count.',
      samples: [
        { labels: { type: 'connect' }, value: 5 },
        { labels: { type: 're"con\\nect\n' }, value: 1500 },
      ],
    },
    { name: 'active', type: 'gauge', help: '', samples: [{ labels: {}, value: 3 }] },
  ])
})

test('histograms, summaries and what no type was given for are left out', () => {
  const text = `# TYPE h histogram
h_bucket{le="+Inf"} 1
h_sum 1
h_count 1
stray 7
# TYPE c counter
c_total 1
c_created 1700000000
`
  assert.deepEqual(
    parseOpenMetrics(text)?.map(({ name }) => name),
    ['c'],
  )
})

const broken: readonly (readonly [string, string])[] = [
  ['a page', '<!doctype html><div id="root"></div>'],
  ['an open brace', 'a{b="c" 1'],
  ['a label without quotes', 'a{b=c} 1'],
  ['a label twice', 'a{b="1",b="2"} 1'],
  ['a reserved label', 'a{__name__="fluxlit_requests_total"} 1'],
  ['a line break in a label', 'a{b="x\ny"} 1'],
  ['no number', 'a one'],
  ['hexadecimal', 'a 0x10'],
  ['a name that is none', '9a 1'],
]

for (const [what, line] of broken) {
  test(`${what} spoils the whole text`, () => {
    assert.equal(parseOpenMetrics(`# TYPE ok gauge\nok 1\n# TYPE a gauge\n${line}\n`), null)
  })
}

test('more samples than anybody needs are not kept', () => {
  const lines = Array.from({ length: 5_000 }, (_, index) => `a{b="${index}"} 1`)
  const [family] = parseOpenMetrics(`# TYPE a gauge\n${lines.join('\n')}\n`) ?? []
  assert.equal(family?.samples.length, 1_000)
})

test('a text made to be slow to read is read at once', () => {
  const line = `a{${'b="\\\\",'.repeat(20_000)}`
  assert.equal(parseOpenMetrics(`# TYPE a gauge\n${line}\n`), null)
})
