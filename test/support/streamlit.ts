import { WebSocket } from 'ws'

import { eventually } from './eventually.ts'
import { GatewayVisitor } from './gateway-visitor.ts'
import type { Gateway } from './gateway.ts'
import type { OddProvider } from './odd-provider.ts'

/** What a browser sends to run the script: Streamlit's BackMsg with an empty `rerun_script`, as protobuf. */
export const rerun = Buffer.from('5a00', 'hex')

/** What `counting_page.py` says of itself. */
export interface CountingPage {
  readonly session: string
  readonly runs: number
  readonly user: string
}

/** Opens the page's socket as browsers do, has the script run once, and leaves. @param resumed the session it had */
export async function visit(running: Gateway, cookie: string, resumed?: string): Promise<CountingPage> {
  const protocols = ['streamlit', 'PLACEHOLDER_AUTH_TOKEN', ...(resumed === undefined ? [] : [resumed])]
  const headers = { origin: running.url, ...(cookie === '' ? {} : { cookie }) }
  const socket = new WebSocket(`${running.socketUrl}/_stcore/stream`, protocols, { headers })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const said = new Promise<CountingPage>((resolve, reject) => {
    socket.once('error', reject).once('close', () => reject(new Error('it was closed')))
    socket.on('message', (data: Buffer) => {
      const found = /session ([\w-]{36}) has run (\d+) times for (\S+)\./.exec(data.toString('latin1'))
      if (found !== null) resolve({ session: found[1] ?? '', runs: Number(found[2]), user: found[3] ?? '' })
    })
  })
  socket.once('open', () => socket.send(rerun))
  const page = await said
  socket.close()
  await closed
  return page
}

/** Somebody signs in. @returns what their browser sends from then on */
export async function signInAs(running: Gateway, provider: OddProvider, subject: string): Promise<string> {
  provider.subject = subject
  provider.claims = { ...provider.claims, email: `${subject}@example.com` }
  const visitor = new GatewayVisitor(running.url)
  await visitor.arrive('/oauth2/start')
  return visitor.cookie
}

/** Comes back until the state is there: Streamlit keeps a session from when it has noticed that its page left. */
export function resumes(running: Gateway, cookie: string, before: CountingPage): Promise<CountingPage> {
  return eventually('the page has its state again', async () => {
    const page = await visit(running, cookie, before.session)
    return page.session === before.session && page
  })
}
