import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { markdownReport, picture, scenarioText, tableOf } from '../../../../scripts/bench/output/report.ts'
import type { Ran } from '../../../../scripts/bench/output/report.ts'
import { judge, summarise } from '../../../../scripts/bench/output/results.ts'
import type { Budget, Measure, Results, Round } from '../../../../scripts/bench/output/results.ts'

const cpu: Measure = { key: 'cpu', label: 'CPU per request', unit: 'us', better: 'lower' }
const speed: Measure = { key: 'speed', label: 'throughput', unit: 'MiB/s', better: 'higher' }

function round(value: number): Round {
  return { kind: 'measured', figures: { cpu: value, speed: 1000 / value } }
}

const failed: Round = { kind: 'void', reason: '7 of 9 answers were not 2xx' }

const peers = [
  { peer: 'fluxlit', rounds: [round(20), round(40), round(30)] },
  { peer: 'nginx', rounds: [round(10), failed, round(30)] },
  { peer: 'direct', rounds: [round(5), round(10), round(10)] },
  { peer: 'broken', rounds: [failed, failed, failed] },
]

const ran: Ran = {
  kind: 'ran',
  name: 'json-unix',
  title: 'Small JSON',
  measures: [cpu, speed],
  budgets: [{ kind: 'ratio', measure: 'cpu', limit: 1.4, goal: 1 }],
  peers,
}

suite('a summary of rounds', () => {
  test('has the median and the worst of the rounds that count', () => {
    const summary = summarise(peers, 'fluxlit', cpu)
    assert.equal(summary?.median, 30)
    assert.equal(summary?.worst, 40)
    assert.equal(summarise(peers, 'fluxlit', speed)?.worst, 25)
  })

  test('compares rounds of the same number, and leaves out those the other side lost', () => {
    assert.deepEqual(summarise(peers, 'fluxlit', cpu)?.ratio, { median: 1.5, worst: 2 })
    assert.deepEqual(summarise(peers, 'fluxlit', cpu)?.added, { median: 20, worst: 30 })
  })

  test('says nothing of a peer whose rounds are all void', () => {
    assert.equal(summarise(peers, 'broken', cpu), null)
    assert.equal(summarise(peers, 'unheard', cpu), null)
  })

  test('has no ratio where there is no nginx', () => {
    assert.equal(summarise(peers.slice(0, 1), 'fluxlit', cpu)?.ratio, null)
  })
})

suite('a budget', () => {
  const summary = {
    median: 30,
    worst: 40,
    ratio: { median: 1.5, worst: 2 },
    added: { median: 0.9, worst: 3 },
  }
  const verdict = (budget: Omit<Budget, 'measure'>, measure = cpu): string =>
    judge({ measure: measure.key, ...budget }, measure, summary)

  test('is judged by the median of what it is about', () => {
    assert.equal(verdict({ kind: 'ratio', limit: 1.4 }), 'missed')
    assert.equal(verdict({ kind: 'ratio', limit: 1.5 }), 'met')
    assert.equal(verdict({ kind: 'ratio', limit: 1.6, goal: 1.5 }), 'goal met')
    assert.equal(verdict({ kind: 'value', limit: 29 }), 'missed')
    assert.equal(verdict({ kind: 'added', limit: 1, goal: 0.3 }), 'met')
  })

  test('is a least value where more is better', () => {
    assert.equal(verdict({ kind: 'value', limit: 31 }, speed), 'missed')
    assert.equal(verdict({ kind: 'value', limit: 30 }, speed), 'met')
  })

  test('stays open without a figure', () => {
    assert.equal(judge({ kind: 'value', measure: 'cpu', limit: 1 }, cpu, null), 'unknown')
    assert.equal(
      judge({ kind: 'ratio', measure: 'cpu', limit: 1 }, cpu, { ...summary, ratio: null }),
      'unknown',
    )
  })
})

suite('a report', () => {
  test('shows every peer, also one without a figure', () => {
    assert.deepEqual(tableOf(ran).rows, [
      ['fluxlit', '30.0', '40.0', '1.50', '2.00', '33.3'],
      ['nginx', '20.0', '30.0', '1.00', '1.00', '66.7'],
      ['direct', '10.0', '10.0', '0.42', '0.50', '100'],
      ['broken', '-', '-', '-', '-', '-'],
    ])
  })

  test('tells what is void and why, and how the budget fared', () => {
    const text = scenarioText(ran)
    assert.match(text, /nginx, round 2: void, 7 of 9 answers were not 2xx/)
    assert.match(text, /budget 1\.4x nginx, goal 1x nginx: missed/)
  })

  test('compares with direct where the budget does', () => {
    const added = { ...ran, budgets: [{ kind: 'added', measure: 'cpu', limit: 1 }] } as const
    assert.deepEqual(tableOf(added).headings.slice(3, 5), ['added', 'worst added'])
    assert.equal(tableOf(added).rows[0]?.[3], '20.0')
  })

  test('for the page names the machine, shows what was skipped, and refers to the picture', () => {
    const results: Results = {
      surroundings: {
        started: '2026-11-22T10:00:00.000Z',
        machine: 'a machine',
        cores: 2,
        kernel: 'Linux 6',
        load: 0.1,
        versions: { fluxlit: '1.0.0', nginx: '1.22.1' },
      },
      rounds: 3,
      seconds: 5,
      scenarios: [
        ran,
        { kind: 'skipped', name: 'json-tls', title: 'TLS', reason: 'openssl is not installed' },
      ],
    }
    const page = markdownReport(results, 'performance.svg')
    assert.match(page, /2026-11-22 on a machine \(2 cores.*\n.*fluxlit 1\.0\.0, nginx 1\.22\.1/)
    assert.match(page, /!\[.*\]\(performance\.svg\)/)
    assert.match(page, /### TLS\n\n`json-tls`: skipped, openssl is not installed\./)
    // The dashed line of the budget is at 1.4 times the bar of nginx.
    assert.match(picture(results), /<line /)
  })
})
