import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { otherCores } from '../../../../scripts/bench/cores.ts'
import { cpuFields } from '../../../../scripts/bench/measure/proc.ts'
import { readOptions } from '../../../../scripts/bench/options.ts'
import { toml } from '../../../../scripts/bench/peers/fluxlit.ts'
import { given } from '../../../../scripts/bench/peers/given.ts'
import { inTurn } from '../../../../scripts/bench/rounds.ts'
import { scenarios, select } from '../../../../scripts/bench/scenarios/known.ts'

suite('the command line of the bench', () => {
  test('has defaults for everything', () => {
    const { words, rounds, seconds, peers, isForDocs, core } = readOptions([])
    assert.deepEqual([words, rounds, seconds, peers, isForDocs, core], [[], 5, 5, null, false, 0])
  })

  test('takes scenarios, peers and numbers', () => {
    const args = ['json', 'latency', '--rounds', '2', '--peers', 'nginx,direct', '--json', 'a.json', '--docs']
    const { words, rounds, peers, json, isForDocs } = readOptions(args)
    assert.deepEqual(
      [words, rounds, peers, json, isForDocs],
      [['json', 'latency'], 2, ['nginx', 'direct'], 'a.json', true],
    )
  })

  test('refuses what is no number, and flags it does not know', () => {
    assert.throws(() => readOptions(['--rounds', '0']), /--rounds 0: write a whole number from 1 on/)
    assert.throws(() => readOptions(['--seconds', 'five']), /--seconds five/)
    assert.throws(() => readOptions(['--round', '3']), /--round/)
  })
})

suite('scenarios', () => {
  test('are selected by name or beginning, all without a word', () => {
    assert.equal(select([]), scenarios)
    assert.deepEqual(
      select(['slowhttp']).map(({ name }) => name),
      ['slowhttp-headers', 'slowhttp-body', 'slowhttp-read', 'slowhttp-range'],
    )
    assert.deepEqual(
      select(['latency', 'json-6']).map(({ name }) => name),
      ['json-64k', 'latency'],
    )
  })

  test('that nobody knows are an error that names those there are', () => {
    assert.throws(() => select(['jsno']), /no scenario jsno; there are: json-unix,/)
  })

  test('have names of their own and budgets about what they measure', () => {
    assert.equal(new Set(scenarios.map(({ name }) => name)).size, scenarios.length)
    for (const { name, budgets, measures } of scenarios) {
      for (const { measure } of budgets)
        assert.ok(
          measures.some(({ key }) => key === measure),
          name,
        )
    }
  })
})

suite('the rounds', () => {
  test('begin with another peer each, so that none always follows the same', () => {
    const rounds = [1, 2, 3, 4].map((round) => inTurn(['a', 'b', 'c'], round).join(''))
    assert.deepEqual(rounds, ['abc', 'bca', 'cab', 'abc'])
  })
})

suite('a proxy given on the command line', () => {
  const order = { port: 81, directory: '/tmp', accessLog: false, tls: null, tokens: false } as const

  test('gets the port and where to send', () => {
    const peer = given('caddy=caddy reverse-proxy --from :{port} --to {upstream}')
    assert.equal(peer.name, 'caddy')
    const upstream = { kind: 'tcp', host: '127.0.0.1', port: 82 } as const
    const words = ['caddy', 'reverse-proxy', '--from', ':81', '--to', '127.0.0.1:82']
    assert.deepEqual(peer.invocation({ ...order, upstream }).command, words)
    const { command } = peer.invocation({ ...order, upstream: { kind: 'unix', path: '/run/a' } })
    assert.equal(command.at(-1), 'unix:/run/a')
  })

  test('without a place for one of them is refused', () => {
    assert.throws(() => given('caddy=caddy --to {upstream}'), /write NAME=COMMAND/)
    assert.throws(() => given('caddy=caddy --from {port}'), /write NAME=COMMAND/)
    assert.throws(() => given('caddy {port} {upstream}'), /write NAME=COMMAND/)
  })
})

suite('where and with what things run', () => {
  test('everything but the proxy is on the other cores', () => {
    assert.equal(otherCores(0, 2), '1')
    assert.equal(otherCores(1, 4), '0,2,3')
    assert.equal(otherCores(0, 1), null)
    assert.equal(otherCores(4, 4), null)
  })

  test('CPU times are read behind a name that looks like fields', () => {
    const stat = '42 (a) S 1) S 1 42 42 0 -1 4194304 1 2 3 4 1500 250 30 4 20 0 1 0 9 9 9'
    assert.deepEqual(cpuFields(stat), [1500, 250, 30, 4])
    assert.deepEqual(cpuFields(''), [])
  })

  test('settings are TOML', () => {
    const settings = { gateway_port: 80, 'log.access': false, 'workers.up.url': 'unix:/a "b"' }
    assert.equal(
      toml(settings),
      'gateway_port = 80\nlog.access = false\nworkers.up.url = "unix:/a \\"b\\""\n',
    )
  })
})
