import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { it } from 'node:test'

import { Turns } from '../../../internal/worker/turns.ts'

it('what is asked for while work is done is done after it, once for all who asked', async () => {
  const done: (readonly [string, () => void])[] = []
  const turns = new Turns((request: string) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    done.push([request, () => resolve(request)])
    return promise
  })
  const asked = ['first', 'second', 'third'].map((request) => turns.take(request))
  assert.equal(turns.isBusy, true)
  done[0]?.[1]()
  await setImmediate()
  assert.deepEqual(
    done.map(([request]) => request),
    ['first', 'second'],
  )
  done[1]?.[1]()
  assert.deepEqual(await Promise.all(asked), ['first', 'second', 'second'])
  await turns.idle()
  assert.equal(turns.isBusy, false)
})
