import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseOpenMetrics } from '../../../internal/metrics/openmetrics.ts'
import type { Scraped } from '../../../internal/metrics/scrape.ts'
import { renderScraped } from '../../../internal/metrics/streamlit.ts'
import { readExposition, valueOf } from '../../support/exposition.ts'

function said(worker: string, text: string): Scraped {
  return { worker, families: parseOpenMetrics(text) ?? [] }
}

const sales = said(
  'sales',
  '# TYPE session_events counter\nsession_events_total{type="connect"} 5\n# TYPE active_sessions gauge\nactive_sessions 2\n',
)
const stock = said('stock', '# TYPE active_sessions gauge\nactive_sessions 3\n')

test('what several workers say is one family, one label more', async () => {
  const families = readExposition(await renderScraped([sales, stock], 'prometheus'))
  assert.deepEqual([...families.keys()], ['streamlit_session_events_total', 'streamlit_active_sessions'])
  assert.equal(valueOf(families, 'streamlit_active_sessions{worker="sales"}'), 2)
  assert.equal(valueOf(families, 'streamlit_active_sessions{worker="stock"}'), 3)
  assert.equal(valueOf(families, 'streamlit_session_events_total{worker="sales",type="connect"}'), 5)
})

test('in OpenMetrics a counter keeps its name and its samples end in _total', async () => {
  const families = readExposition(`${await renderScraped([sales], 'openmetrics')}# EOF\n`, 'openmetrics')
  assert.equal(families.get('streamlit_session_events')?.type, 'counter')
  assert.equal(valueOf(families, 'streamlit_session_events_total{worker="sales",type="connect"}'), 5)
})

test('no name of an application can be one of ours', async () => {
  const hostile = said('ui', '# TYPE fluxlit_requests counter\nfluxlit_requests_total 9\n')
  const text = await renderScraped([hostile], 'prometheus')
  assert.match(text, /^streamlit_fluxlit_requests_total\{worker="ui"\} 9$/m)
  assert.doesNotMatch(text, /^fluxlit_/m)
})

test('a label worker of the application gets another name, and odd values harm nothing', async () => {
  const odd = said(
    'ui',
    '# HELP a say "hi"\\n\n# TYPE a gauge\na{worker="x"} NaN\n# TYPE b counter\nb_total -4\n',
  )
  const families = readExposition(await renderScraped([odd], 'prometheus'))
  assert.equal(valueOf(families, 'streamlit_a{worker="ui",exported_worker="x"}'), 0)
  assert.equal(valueOf(families, 'streamlit_b_total{worker="ui"}'), 0)
})

test('of two workers that disagree about a name the first one counts', async () => {
  const other = said(
    'stock',
    '# TYPE active_sessions counter\nactive_sessions_total 3\n# TYPE session_events_total gauge\nsession_events_total 4\n',
  )
  const families = readExposition(await renderScraped([sales, other], 'prometheus'))
  assert.equal(families.get('streamlit_active_sessions')?.series.size, 1)
  assert.equal(families.get('streamlit_session_events_total')?.series.size, 1)
})

test('nothing said is nothing written', async () => {
  assert.equal(await renderScraped([], 'prometheus'), '')
})
