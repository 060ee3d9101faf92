import { join } from 'node:path'

import { MemoryStore } from '../../../../internal/auth/session/memory-store.ts'
import { SqliteStore } from '../../../../internal/auth/session/sqlite-store.ts'
import { freshDirectory } from '../../../support/directory.ts'
import { sessionStoreSuite } from '../../../support/session-store.ts'

sessionStoreSuite('memory', async () => {
  let offset = 0
  const store = new MemoryStore({ most: 1000, now: () => Date.now() + offset })
  return { store, other: null, turnClock: (ms) => (offset = ms) }
})

sessionStoreSuite('a file', async (t) => {
  let offset = 0
  const now = (): number => Date.now() + offset
  const path = join(await freshDirectory(t), 'state', 'sessions.db')
  const store = new SqliteStore({ path, now })
  const other = new SqliteStore({ path, now })
  t.after(async () => {
    await store.close()
    await other.close()
  })
  return { store, other, turnClock: (ms) => (offset = ms) }
})
