/**
 * From one fleet to the next without a request noticing, and back again when the next one does not last: what runs is
 * kept beside what is new until that has lived for a while.
 */

import type { Problem } from '../fault/startup.ts'
import { systemClock } from '../worker/clock.ts'
import { preflight } from '../worker/preflight.ts'
import { Trial, usualProbationMs } from '../worker/trial.ts'
import type { Backend } from './backend.ts'
import { bringUp } from './bring-up.ts'
import { isIn, type Change } from './change.ts'
import { assembleFleet, closeMembers, memberOf, type Fleet, type Member } from './fleet.ts'
import { lostSessions } from './sessions.ts'
import { endOf, stopped } from './settled.ts'

/** What a changeover is made in. */
export interface ChangeoverRoom {
  /** Routes requests to a fleet from now on. */
  readonly adopt: (fleet: Fleet) => void
  /** Holds the workers that run and are not in the fleet in force, so that a stop ends them too. */
  readonly pending: Set<Member>
  readonly progress: (line: string) => void
}

/** One change of configuration on its way. */
export class Changeover {
  readonly #change: Change
  readonly #room: ChangeoverRoom
  readonly #drainMs: number
  /** Members of the fleet before that had to end so that their successors could start. */
  readonly #ended = new Set<Member>()
  /** When nothing is in flight any more to a backend that was in force. */
  readonly #released = new Map<Backend, Promise<void>>()

  constructor(change: Change, room: ChangeoverRoom) {
    this.#change = change
    this.#room = room
    this.#drainMs = change.next.config.drain.timeoutMs
  }

  /** Does it. Returns why it was not done: then everything runs as before, as far as it can. */
  async run(): Promise<readonly Problem[]> {
    const { from, next, gone } = this.#change
    const unready = await this.#startBeside()
    if (unready.length > 0) return this.#abandon(unready)
    const late = await this.#startInTurn()
    if (late.length > 0) return this.#goBack(late)
    this.#adopt(next, [from])
    for (const member of gone) this.#room.pending.add(member)
    const problem = await this.#trial()
    if (problem !== null) return this.#goBack([problem])
    await Promise.all(gone.map((member) => this.#retire(member)))
    return []
  }

  get #fresh(): readonly Member[] {
    return [...this.#change.beside, ...this.#change.inTurn]
  }

  async #startBeside(): Promise<readonly Problem[]> {
    const configs = this.#fresh.map(({ config }) => config)
    const unable = await preflight(configs, this.#change.next.room)
    if (unable.length > 0) return unable
    for (const member of this.#fresh) this.#room.pending.add(member)
    return bringUp(this.#change.beside, this.#room.progress)
  }

  async #startInTurn(): Promise<readonly Problem[]> {
    const { from, inTurn } = this.#change
    const before = inTurn.map(({ config }) => memberOf(from, config.name)).filter((member) => member !== null)
    await Promise.all(before.map((member) => this.#makeRoom(member)))
    for (const { history, worker } of inTurn) history.follow(worker)
    return bringUp(inTurn, this.#room.progress)
  }

  async #makeRoom(old: Member): Promise<void> {
    this.#ended.add(old)
    await old.backend?.pause(this.#drainMs)
    const lost = (await old.backend?.endSessions()) ?? 0
    await closeMembers([old])
    this.#room.progress(`${old.config.name}: ended, requests wait for the next one${lostSessions(lost)}`)
  }

  /** Nothing of the next fleet was in force yet. */
  async #abandon(problems: readonly Problem[]): Promise<readonly Problem[]> {
    const { from, next } = this.#change
    await this.#end(this.#fresh)
    this.#release([next], from)
    return problems
  }

  #adopt(fleet: Fleet, others: readonly Fleet[]): void {
    this.#room.adopt(fleet)
    for (const { history, worker } of fleet.members) history.follow(worker)
    for (const member of fleet.members) this.#room.pending.delete(member)
    this.#release(others, fleet)
  }

  /** Who waits in a backend that is not in force any more goes on to the one that is. */
  #release(others: readonly Fleet[], inForce: Fleet): void {
    for (const { config, backend } of others.flatMap(({ members }) => members)) {
      const successor = memberOf(inForce, config.name)?.backend ?? null
      if (backend === null || backend === successor || this.#released.has(backend)) continue
      this.#released.set(backend, backend.release(this.#drainMs, successor))
    }
  }

  /** Resolves to null when all that is new has lived for a while, to the reason when something of it ended before. */
  async #trial(): Promise<Problem | null> {
    const { from, next } = this.#change
    const workers = this.#fresh.map(({ worker }) => worker).filter(({ spawned }) => spawned)
    const { probationMs = usualProbationMs } = next.room
    if (workers.length === 0 || probationMs === 0) return null
    const trial = new Trial({ live: next, previous: from, ms: probationMs, clock: systemClock() })
    for (const process of workers.flatMap((worker) => [worker, ...worker.replicas])) {
      const look = (): void => {
        const problem = endOf(process)
        if (problem !== null) trial.end(problem)
      }
      process.onChange(look)
      look()
    }
    return trial.over
  }

  /** Requests return to what ran before; what had to end for the next fleet is started again. */
  async #goBack(problems: readonly Problem[]): Promise<readonly Problem[]> {
    // Nothing is started again in a gateway that is being stopped.
    if (problems.some(({ code }) => code === stopped)) return problems
    const { from, next, gone } = this.#change
    const ended = new Set([...this.#ended].map(({ config }) => config.name))
    const running = new Set(from.config.workers.map(({ name }) => name).filter((name) => !ended.has(name)))
    const back = assembleFleet(from.config, from.room, from.members, running)
    const again = back.members.filter(({ worker }) => !isIn(from, worker))
    this.#adopt(back, [from, next])
    for (const member of gone) this.#room.pending.delete(member)
    this.#room.progress('back to the configuration before')
    await this.#end(this.#fresh)
    return [...problems, ...(await bringUp(again, this.#room.progress))]
  }

  async #end(members: readonly Member[]): Promise<void> {
    await Promise.all(members.map(async ({ backend }) => backend?.endSessions()))
    await closeMembers(members)
    for (const member of members) this.#room.pending.delete(member)
  }

  async #retire(member: Member): Promise<void> {
    const { backend, config } = member
    if (!this.#ended.has(member)) {
      if (backend !== null) await this.#released.get(backend)
      const lost = (await backend?.endSessions()) ?? 0
      await closeMembers([member])
      this.#room.progress(`${config.name}: old process ended${lostSessions(lost)}`)
    }
    this.#room.pending.delete(member)
  }
}
