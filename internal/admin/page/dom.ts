/** The few ways in which this page touches the document. Every text goes through `textContent`: none becomes markup. */

/** What an element is made with. */
interface Given {
  readonly class?: string
  readonly text?: string
  readonly attributes?: Readonly<Record<string, string>>
}

/** A new element with its children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  given: Given = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  if (given.class !== undefined) made.className = given.class
  if (given.text !== undefined) made.textContent = given.text
  for (const [name, value] of Object.entries(given.attributes ?? {})) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** An element of page.html. */
export function found(id: string): HTMLElement {
  const there = document.getElementById(id)
  if (there === null) throw new Error(`the page has no #${id}`)
  return there
}

/** An input of page.html. */
export function input(id: string): HTMLInputElement {
  const there = found(id)
  if (!(there instanceof HTMLInputElement)) throw new Error(`#${id} is no input`)
  return there
}

/** Writes a text where it differs: what is selected or focused stays so. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** Shows or hides. */
export function setShown(node: HTMLElement, isShown: boolean): void {
  if (node.hidden === isShown) node.hidden = !isShown
}

/** Writes an attribute where it differs. */
export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

/** Children of an element that stand for things with names; each is made once and then only refreshed. */
export class Keyed<T> {
  readonly #parent: Element
  readonly #make: (item: T) => { readonly node: Element; readonly refresh: (item: T) => void }
  readonly #there = new Map<string, { readonly node: Element; readonly refresh: (item: T) => void }>()

  constructor(
    parent: Element,
    make: (item: T) => { readonly node: Element; readonly refresh: (item: T) => void },
  ) {
    this.#parent = parent
    this.#make = make
  }

  /** Shows these items, in this order, and no others. */
  show(items: readonly T[], keyOf: (item: T) => string): void {
    const wanted = new Set(items.map(keyOf))
    for (const [key, { node }] of this.#there) {
      if (wanted.has(key)) continue
      node.remove()
      this.#there.delete(key)
    }
    let before: Element | null = this.#parent.firstElementChild
    for (const item of items) {
      const known = this.#there.get(keyOf(item))
      const one = known ?? this.#make(item)
      this.#there.set(keyOf(item), one)
      one.refresh(item)
      if (one.node === before) before = before.nextElementSibling
      else this.#parent.insertBefore(one.node, before)
    }
  }
}

/** One row of texts; columns named `number` are aligned right. */
export function row(classes: readonly string[]): {
  readonly node: HTMLTableRowElement
  readonly say: (texts: readonly string[]) => void
} {
  const cells = classes.map((name) => element('td', name === '' ? {} : { class: name }))
  const node = element('tr', {}, ...cells)
  return { node, say: (texts) => cells.forEach((cell, index) => setText(cell, texts[index] ?? '')) }
}

/** Named values: a `dl` whose pairs are kept. */
export class Facts {
  readonly #rows: Keyed<readonly [string, string]>

  constructor(list: Element) {
    this.#rows = new Keyed(list, ([name]) => {
      const value = element('dd')
      const node = element('div', {}, element('dt', { text: name }), value)
      return { node, refresh: ([, text]) => setText(value, text) }
    })
  }

  show(facts: readonly (readonly [string, string])[]): void {
    this.#rows.show(facts, ([name]) => name)
  }
}
