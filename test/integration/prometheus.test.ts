import assert from 'node:assert/strict'
import { test } from 'node:test'

import { apiOnly } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { prometheus, promtool, query } from '../support/prometheus.ts'
import { allQueries, rulesFile } from '../support/queries.ts'

test('the alert rules are rules', () => {
  const { status, text } = promtool(['check', 'rules', rulesFile])
  assert.equal(status, 0, text)
})

test('a real Prometheus reads the metrics, and every query of the dashboard and the alerts', async (t) => {
  const running = await (await gateway(t, apiOnly)).ready()
  for (let count = 0; count < 5; count += 1) await ask(`${running.url}/api/seen/${count}`)
  await ask(`${running.url}/nowhere`)
  const admin = await running.adminUrl()

  await t.test('promtool has nothing to say about them, in either format', async () => {
    const { body } = await ask(`${admin}/metrics`, { headers: { accept: 'text/plain' } })
    const { text } = promtool(['check', 'metrics'], body)
    assert.deepEqual(
      text.split('\n').filter((line) => line.includes('fluxlit_')),
      [],
    )
    const broken = promtool(['check', 'metrics'], body.replace(/^# HELP fluxlit_held_requests.*$/m, ''))
    assert.match(broken.text, /fluxlit_held_requests/, 'it would have said something')
  })

  const url = await prometheus(t, new URL(admin).host)
  await eventually('a scrape', async () => (await query(url, 'up{job="fluxlit"}'))[0] === 1)
  assert.deepEqual(await query(url, 'fluxlit_requests_total{route="api",method="GET",code="200"}'), [5])
  assert.deepEqual(await query(url, 'fluxlit_rejected_total{reason="route_not_found"}'), [1])
  assert.deepEqual(await query(url, 'fluxlit_worker_state{state="ready"}'), [1])
  for (const { where, text } of allQueries())
    await assert.doesNotReject(query(url, text), `${where}: ${text}`)
  assert.deepEqual(await query(url, 'ALERTS{alertstate="firing"}'), [])
})
