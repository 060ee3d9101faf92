import { ask, type Answer, type Question } from './http.ts'

/** A browser, as far as cookies and redirects go, in front of a gateway and a provider that asks nothing. */
export class GatewayVisitor {
  readonly cookies = new Map<string, string>()
  readonly #cookiesOfProvider = new Map<string, string>()
  readonly #url: string

  /** @param url of the gateway */
  constructor(url: string) {
    this.#url = url
  }

  /** Asks the gateway, with its cookies, and keeps what it sets. */
  ask(path: string, question: Question = {}): Promise<Answer> {
    return askWith(this.cookies, this.#url + path, question)
  }

  /** Opens a page as browsers do. */
  open(path: string): Promise<Answer> {
    return this.ask(path, {
      headers: {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': 'none',
      },
    })
  }

  /** Opens a page and follows every redirect, to the provider and back. @returns the last answer */
  async arrive(path: string): Promise<Answer & { readonly path: string }> {
    let at = path
    for (let hops = 0; hops < 10; hops++) {
      const isOurs = at.startsWith('/')
      const answer = isOurs ? await this.open(at) : await askWith(this.#cookiesOfProvider, at)
      const { location } = answer.headers
      if (answer.status < 300 || answer.status > 399 || location === undefined) return { ...answer, path: at }
      const next = new URL(location, isOurs ? this.#url : at)
      at = next.origin === this.#url ? next.pathname + next.search : next.href
    }
    throw new Error('too many redirects')
  }

  /** `Cookie` of its requests. */
  get cookie(): string {
    return cookieOf(this.cookies)
  }
}

type Cookies = Map<string, string>

async function askWith(
  jar: Cookies,
  url: string,
  { headers = {}, ...question }: Question = {},
): Promise<Answer> {
  const cookie = cookieOf(jar)
  const sent = cookie === '' ? headers : { ...headers, cookie }
  const answer = await ask(url, { ...question, headers: sent })
  for (const line of answer.headers['set-cookie'] ?? []) take(jar, line)
  return answer
}

function cookieOf(jar: Cookies): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
}

function take(jar: Cookies, line: string): void {
  const [pair = '', ...attributes] = line.split('; ')
  const name = pair.slice(0, pair.indexOf('='))
  if (attributes.some((attribute) => isOver(attribute.toLowerCase()))) jar.delete(name)
  else jar.set(name, pair.slice(pair.indexOf('=') + 1))
}

function isOver(attribute: string): boolean {
  return attribute === 'max-age=0' || attribute.startsWith('expires=thu, 01 jan 1970')
}
