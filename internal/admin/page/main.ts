/** The status page: one snapshot per second, put into place. */

import type { Snapshot } from '../snapshot.ts'
import { found, Keyed, setText } from './dom.ts'
import { Failures } from './failures.ts'
import { Feed, type FeedState } from './feed.ts'
import { Announcer, Overview, showIdentity, Tables } from './overview.ts'
import { Settings } from './settings.ts'
import { WorkerCard, type Shown } from './worker-card.ts'

const feedTexts: Readonly<Record<FeedState, string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'the gateway does not answer; trying again',
  paused: 'paused',
}

const overview = new Overview()
const tables = new Tables()
const settings = new Settings()
const failures = new Failures()
const announcer = new Announcer()
const cards = new Keyed<Shown>(found('worker-cards'), (shown) => new WorkerCard(shown))
const pause = found('pause')

function show(snapshot: Snapshot): void {
  const now = Date.parse(snapshot.time)
  showIdentity(snapshot)
  cards.show(
    Object.entries(snapshot.workers).map(([name, worker]) => ({
      name,
      worker,
      route: snapshot.routes[name] ?? null,
      snapshot,
      now,
    })),
    // Another kind of worker has another card.
    ({ name, worker, route }) => JSON.stringify([name, worker.spawned, route === null]),
  )
  overview.show(snapshot)
  failures.show(snapshot)
  tables.show(snapshot)
  settings.show(snapshot.config)
  announcer.show(snapshot)
}

function showFeed(state: FeedState): void {
  setText(found('feed'), feedTexts[state])
  document.documentElement.setAttribute('data-feed', state)
  const isPaused = state === 'paused'
  pause.setAttribute('aria-pressed', String(isPaused))
  setText(pause, isPaused ? 'Go on' : 'Pause')
}

const feed = new Feed(show, showFeed)
pause.addEventListener('click', () => {
  if (pause.getAttribute('aria-pressed') === 'true') feed.open()
  else feed.close()
})
feed.open()
