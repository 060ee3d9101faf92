import type { Config } from '../../internal/config/config.ts'
import { bearerAuth, keyServer, type AuthOverrides, Signer, type KeyServer } from './auth.ts'
import type { Cleanup } from './cleanup.ts'
import { front, mounted, type Front, type FrontOptions } from './front.ts'
import { json } from './http.ts'
import { field, type RawMessage } from './message.ts'
import { recorder, type Recorder, type Wire } from './raw.ts'

/** An API and a Streamlit app behind a front that wants bearer tokens. */
export interface Guarded {
  readonly api: Recorder
  readonly ui: Recorder
  readonly front: Front
  readonly signer: Signer
  readonly keys: KeyServer
  /** Sends one request on a connection of its own. */
  readonly ask: (line: string, ...lines: readonly string[]) => Promise<RawMessage>
  /** The same with a token: that of {@link Signer.token} unless another is given. */
  readonly askAs: (token: string, line: string, ...lines: readonly string[]) => Promise<RawMessage>
}

/** What a {@link guarded} front is made of. */
export interface GuardedOptions {
  readonly auth?: AuthOverrides
  readonly config?: Partial<Config>
  readonly front?: Partial<FrontOptions>
  readonly reply?: (request: RawMessage) => string
}

/** Opens all of it; closed after the test. */
export async function guarded(t: Cleanup, options: GuardedOptions = {}): Promise<Guarded> {
  const [api, ui] = [await recorder(t, options.reply), await recorder(t, options.reply)]
  const signer = new Signer()
  const keys = await keyServer(t, [signer.jwk])
  const opened = await front(t, {
    auth: bearerAuth({ kind: 'url', url: keys.url }, options.auth),
    config: { ...options.config },
    workers: [
      { config: mounted('uvicorn', 'api', '/api'), address: api.address },
      { config: mounted('streamlit', 'ui', '/'), address: ui.address },
    ],
    ...options.front,
  })
  const ask = async (line: string, ...lines: readonly string[]): Promise<RawMessage> => {
    const client: Wire = await opened.connect()
    const method = line.split(' ')[0] ?? 'GET'
    const host = lines.some((each) => /^host:/i.test(each)) ? [] : ['Host: a']
    client.send(`${line} HTTP/1.1\r\n${[...host, ...lines].join('\r\n')}\r\n\r\n`)
    return client.answer(method)
  }
  const askAs = (token: string, line: string, ...lines: readonly string[]): Promise<RawMessage> =>
    ask(line, `Authorization: Bearer ${token}`, ...lines)
  return { api, ui, front: opened, signer, keys, ask, askAs }
}

/** The code of a refusal as problem+json. */
export function codeOf(answer: RawMessage): string {
  return json<{ code: string }>(answer.body).code
}

/** What a worker was told under a name, or under one that software could take for it: every line of it. */
export function told(request: RawMessage | undefined, name: string): readonly string[] {
  return (request?.fields ?? []).filter(([key]) => plain(key) === plain(name)).map(([, value]) => value)
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_.]/g, '-')
}

/** Claims of the assertion that came with a request, not checked. */
export function assertionOf(request: RawMessage | undefined): Readonly<Record<string, unknown>> {
  const text = field(request ?? { fields: [] }, 'X-Fluxlit-Jwt-Assertion') ?? ''
  return json(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString('utf8'))
}
