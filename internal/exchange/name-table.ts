/** What is done with a field, by its name, looked up once per spelling. */

/** How many spellings are kept; names come from strangers, who have many. */
const maxSpellings = 512
const maxKeptLength = 64

/** Answers for every spelling of a field name what `decide` says about its lower-case form. */
export class NameTable<T> {
  readonly #decide: (lower: string) => T
  readonly #known = new Map<string, T>()

  constructor(decide: (lower: string) => T) {
    this.#decide = decide
  }

  get(name: string): T {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const decided = this.#decide(name.toLowerCase())
    // A copy: a piece of a larger text would keep all of it in memory.
    if (this.#known.size < maxSpellings && name.length <= maxKeptLength)
      this.#known.set(Buffer.from(name, 'latin1').toString('latin1'), decided)
    return decided
  }
}
