import { clientId, clientSecret } from './odd-provider.ts'

/** What a login of the tests is written with; every line may be replaced. */
export interface LoginToml {
  readonly issuer: string
  /** Modes beside `oidc`. */
  readonly modes?: readonly string[]
  /** Further lines of `[auth]`. */
  readonly auth?: string
  /** Further lines of `[auth.oidc]`. */
  readonly oidc?: string
  /** Further lines of `[auth.session]`. */
  readonly session?: string
  /** What else the file says. */
  readonly rest?: string
}

/** The tables of a configuration in which people log in at a provider of this machine. */
export function loginToml({
  issuer,
  modes = [],
  auth = '',
  oidc = '',
  session = '',
  rest = '',
}: LoginToml): string {
  return `
[auth]
modes = ${JSON.stringify(['oidc', ...modes])}
${auth}
[auth.oidc]
issuer = "${issuer}"
client_id = "${clientId}"
client_secret = "${clientSecret}"
scopes = ["openid", "profile", "email", "offline_access"]
allow_insecure_issuer = true
${oidc}
[auth.session]
${session}
${rest}
`
}
