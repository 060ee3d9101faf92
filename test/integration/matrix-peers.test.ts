import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

import { requestCases } from '../matrix/cases.ts'
import { exceptions } from '../matrix/exceptions.ts'
import { isLaxer, peerPlace, peerVerdict } from '../matrix/peers.ts'
import type { Peer } from '../matrix/peers.ts'

const peers: readonly Peer[] = ['nginx', 'haproxy']

for (const peer of peers) {
  const missing = spawnSync(peer, ['-v']).error !== undefined
  test(
    `what ${peer} refuses we refuse too, except where a reason is written down`,
    { skip: missing ? `${peer} is not installed` : false },
    async (t) => {
      const place = await peerPlace(t, peer)
      const laxer: string[] = []
      let refused = 0
      for (const item of requestCases.filter(({ setting = 'plain' }) => setting === 'plain')) {
        const verdict = await peerVerdict(place, item)
        if (isLaxer(item, verdict)) laxer.push(item.id)
        if (verdict.passed === 0) refused += 1
      }
      const known = exceptions.filter((exception) => exception.peer === peer)
      for (const { id, reason } of known) t.diagnostic(`${id}: ${peer} refuses it, we do not: ${reason}`)
      assert.deepEqual(laxer.toSorted(), known.map(({ id }) => id).toSorted())
      assert.ok(refused > 50, `${peer} refused ${refused} cases: is it asked at all?`)
    },
  )
}
