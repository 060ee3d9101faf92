import assert from 'node:assert/strict'
import { test } from 'node:test'

import { array, assert as check, boolean, constantFrom, nat, oneof, property, tuple } from 'fast-check'

import { isFailure } from '../../../internal/fault/failure.ts'
import { compileRoutes } from '../../../internal/route/table.ts'
import { readTarget } from '../../../internal/route/target.ts'
import { mounted } from '../../support/front.ts'

const workers = [mounted('http', 'api', '/api'), mounted('http', 'ui', '/')]
const table = compileRoutes({ workers, rootPath: '', docsMount: null, healthOf: null })

/** What Uvicorn makes of a path: percent-decoded once, bytes that are not UTF-8 replaced. */
function unquoted(path: string): string {
  const bytes = path.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Which of the two apps would answer if both sat behind a plain prefix rule on Uvicorn's own path. */
function model(path: string): 'api' | 'ui' {
  const decoded = unquoted(path)
  return decoded === '/api' || decoded.startsWith('/api/') ? 'api' : 'ui'
}

/** The gateway's choice and the path it made it on, null for a refusal. */
function gateway(path: string): { readonly worker: string; readonly decoded: string } | null {
  const read = readTarget(path, { method: 'GET', host: 'a', scheme: 'http' })
  if (isFailure(read) || read.kind === 'server') return null
  const route = table(read, 'a')
  if (isFailure(route) || route.kind !== 'worker') return null
  return { worker: workers[route.index]?.name ?? '?', decoded: `/${read.segments.join('/')}` }
}

/** One byte, as it is or escaped in either case: bytes of `/api/` more often than others. */
const byte = tuple(oneof(nat(255), constantFrom(...Buffer.from('/api/./%'))), boolean(), boolean()).map(
  ([code, escaped, upper]) => {
    const hex = code.toString(16).padStart(2, '0')
    return escaped ? `%${upper ? hex.toUpperCase() : hex}` : String.fromCharCode(code)
  },
)
const path = tuple(constantFrom('/', '/api', '/%61pi', '/a%70%69'), array(byte, { maxLength: 10 }))
  .map(([front, bytes]) => front + bytes.join(''))
  // A query is not part of the path.
  .filter((text) => !text.includes('?'))

test('of any bytes the gateway reads the path that Uvicorn reads, and sends it where that belongs, or refuses', () => {
  let accepted = 0
  check(
    property(path, (text) => {
      const there = gateway(text)
      if (there === null) return
      accepted += 1
      assert.deepEqual(there, { worker: model(text), decoded: unquoted(text) })
    }),
    { numRuns: 5_000 },
  )
  assert.ok(accepted > 100, `only ${accepted} of the paths were accepted`)
})
