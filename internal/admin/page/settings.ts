/** The configuration: every value with where it came from. Secrets are hidden before they get here. */

import type { ConfigValue } from '../snapshot.ts'
import { element, found, input, Keyed, setText } from './dom.ts'
import { setting } from './format.ts'

/** The table and what narrows it. */
export class Settings {
  readonly #search = input('config-search')
  readonly #given = input('config-given')
  readonly #rows = new Keyed<ConfigValue>(found('config-rows'), () => {
    const [path, value, origin] = [element('code'), element('code'), element('td', { class: 'soft' })]
    const node = element('tr', {}, element('td', {}, path), element('td', {}, value), origin)
    return {
      node,
      refresh: (one) => {
        setText(path, one.path)
        setText(value, setting(one.value))
        setText(origin, one.origin)
      },
    }
  })
  #values: readonly ConfigValue[] = []

  constructor() {
    this.#search.addEventListener('input', () => this.#narrow())
    this.#given.addEventListener('change', () => this.#narrow())
  }

  /** Null = as before. */
  show(values: readonly ConfigValue[] | null): void {
    if (values === null) return
    this.#values = values
    this.#narrow()
  }

  #narrow(): void {
    const wanted = this.#search.value.trim().toLowerCase()
    const rows = this.#values.filter(
      (one) =>
        (!this.#given.checked || one.origin !== 'default') &&
        `${one.path} ${setting(one.value)} ${one.origin}`.toLowerCase().includes(wanted),
    )
    this.#rows.show(rows, ({ path }) => path)
  }
}
