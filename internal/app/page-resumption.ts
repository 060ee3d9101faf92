/**
 * A page of Streamlit that reconnects names the session it had (the third subprotocol it offers). Before 1.61 Streamlit
 * gave that session to whoever named it; to these the name does not travel on where people are known, and the page begins
 * anew.
 */

import type { Address } from '../config/config.ts'
import { linesOf, type Head } from '../exchange/head.ts'
import { isAtLeast, keepsPagesApart } from '../worker/inspect.ts'

type HiddenFields = Pick<Head, 'forward' | 'forwardLines'>

/** Remembers which processes are too old to be asked. */
export class PageResumption {
  readonly #old = new Set<string>()

  /** A process of Streamlit is going to listen there. */
  note(address: Address, version: string | null): void {
    const place = placeOf(address)
    if (version === null || isAtLeast(version, keepsPagesApart)) this.#old.delete(place)
    else this.#old.add(place)
  }

  /** The handshake as the process at this address may see it; the same head where there is nothing to hide. */
  handshakeFor(address: Address, head: Head): Head {
    const hidden = this.hide(address, head)
    return hidden === null ? head : { ...head, ...hidden }
  }

  /** Fields of a handshake without the name of a session; null = there is none, or it may be told. */
  hide(address: Address, { websocket, forward }: Pick<Head, 'websocket' | 'forward'>): HiddenFields | null {
    const protocols = websocket?.protocols ?? []
    if (protocols.length < 3 || !this.#old.has(placeOf(address))) return null
    return withProtocols(forward, protocols.slice(0, 2).join(', '))
  }
}

function placeOf(address: Address): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`
}

function withProtocols(fields: Head['forward'], protocols: string): HiddenFields {
  const forward = [...fields]
  for (let i = 0; i < forward.length; i += 2)
    if (forward[i] === 'Sec-WebSocket-Protocol') forward[i + 1] = protocols
  return { forward, forwardLines: linesOf(forward) }
}
