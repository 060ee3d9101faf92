/** Single keys pressed in the terminal. */

import type { Readable } from 'node:stream'

/** A terminal to read from: standard input when it is one. */
export interface KeySource extends Pick<Readable, 'on' | 'off' | 'resume' | 'pause'> {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}

/** What keys do. */
export interface KeyActions {
  /** `r`: every worker anew. */
  readonly restart: () => void
  /** `o`: the page in a browser. */
  readonly open: () => void
  /** `u`: the addresses again. */
  readonly urls: () => void
  /** `h`. */
  readonly help: () => void
  /** `q`. */
  readonly quit: () => void
  /** Ctrl-C, which a terminal in raw mode no longer turns into a signal. */
  readonly interrupt: () => void
}

/** Shown for `h`. */
export const keyHelp: readonly (readonly [key: string, meaning: string])[] = [
  ['r', 'restart every worker'],
  ['o', 'open the page in a browser'],
  ['u', 'show the addresses'],
  ['h', 'show this help'],
  ['q', 'quit'],
]

/** Keys that are listened to; `close` gives the terminal back as it was. */
export interface KeyListening {
  close(): void
}

/** Listens to keys; null when the source is no terminal, so that nothing is read from a pipe or a script. */
export function listenToKeys(source: KeySource, actions: KeyActions): KeyListening | null {
  if (source.isTTY !== true || source.setRawMode === undefined) return null
  const byKey: Readonly<Record<string, () => void>> = {
    r: actions.restart,
    o: actions.open,
    u: actions.urls,
    h: actions.help,
    '?': actions.help,
    q: actions.quit,
    '\x03': actions.interrupt,
    '\x04': actions.quit,
  }
  const onData = (data: Buffer | string): void => {
    const text = data.toString()
    // A key such as an arrow arrives as one sequence whose letters are no keys of their own.
    if (text.startsWith('\x1b')) return
    for (const key of text) byKey[key.toLowerCase()]?.()
  }
  source.setRawMode(true)
  source.on('data', onData)
  source.resume()
  return {
    close: () => {
      source.off('data', onData)
      source.setRawMode?.(false)
      source.pause()
    },
  }
}
