import { once } from 'node:events'

import { WebSocket } from 'ws'

import type { Cleanup } from './cleanup.ts'
import { eventually } from './eventually.ts'
import type { GatewayVisitor } from './gateway-visitor.ts'
import type { Gateway } from './gateway.ts'

/** `BackMsg { rerun_script {} }` of Streamlit's protocol: what a browser sends to have the page drawn. */
const draw = Buffer.from('5a00', 'hex')

/** A page of Streamlit as its server sees it: the socket, and the texts that come over it. */
export class StreamlitPage {
  readonly socket: WebSocket
  #said = ''

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (bytes: Buffer) => (this.#said += bytes.toString('utf8')))
  }

  /**
   * Opens one and has it drawn; left after the test.
   * @param url `ws://...` of the gateway, with the app's path
   * @param resumes id of the session whose socket was lost
   */
  static async open(
    t: Cleanup,
    url: string,
    headers: Readonly<Record<string, string>> = {},
    resumes?: string,
  ): Promise<StreamlitPage> {
    const protocols = ['streamlit', ...(resumes === undefined ? [] : ['no-xsrf-token', resumes])]
    const socket = new WebSocket(`${url}/_stcore/stream`, protocols, { headers })
    t.after(() => socket.terminate())
    const page = new StreamlitPage(socket)
    await once(socket, 'open')
    socket.send(draw)
    return page
  }

  /** The same for somebody who has logged in. @param path of the app, `''` or `/tools` */
  static openAs(
    t: Cleanup,
    { url, socketUrl }: Gateway,
    visitor: GatewayVisitor,
    path = '',
  ): Promise<StreamlitPage> {
    return StreamlitPage.open(t, socketUrl + path, { cookie: visitor.cookie, origin: url })
  }

  /** All that it has said so far. */
  get text(): string {
    return this.#said
  }

  /** What `pattern` finds in what the page says, once it does. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    try {
      return await eventually(`the page says ${pattern}`, () => pattern.exec(this.#said) ?? false, 20_000)
    } catch (error) {
      throw new Error(`the page only says ${JSON.stringify(this.#said)}`, { cause: error })
    }
  }
}
