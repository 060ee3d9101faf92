/**
 * `upstream_authorization = "first_party"`: the gateway signs tokens, and an application checks them with the same secret.
 * Workers get none of the gateway's own variables, so the application must have been given it. Tokens that it would all
 * refuse, or could not check, are found here.
 */

import type { FirstPartyTokens } from './auth-types.ts'
import type { HttpWorker, Spawned, UvicornWorker, WorkerConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import type { LoginSurroundings } from './login.ts'
import type { Secret } from './secret.ts'
import { reportShortSecret, secretOrigin } from './secret-key.ts'
import type { Path } from './tree.ts'

const path: Path = ['auth', 'headers', 'first_party_secret']
const mode: Path = ['auth', 'headers', 'upstream_authorization']

/** `iss` and `aud` of the tokens, as the login of the Python package writes them. */
const firstPartyIssuer = 'fluxlit-bff'
const firstPartyAudience = 'fluxlit-app'

/** The variables by which `app.make_jwt_bearer()` is told what to expect. */
const expected = { FLUXLIT_JWT_ISSUER: firstPartyIssuer, FLUXLIT_JWT_AUDIENCE: firstPartyAudience }
const secretVariable = 'FLUXLIT_JWT_HS256_SECRET'
/** Signs the tokens of the package's own login, which checks none with it. */
const ofLogin = 'FLUXLIT_OIDC_BFF_SECRET'

/** What they are made with; null = none are. @param isOn whether anybody is asked who they are */
export function resolveFirstParty(
  context: ResolveContext,
  isOn: boolean,
  { secrets: { firstParty: secret }, workers }: Pick<LoginSurroundings, 'secrets' | 'workers'>,
): FirstPartyTokens | null {
  const isWanted = isOn && context.settings.auth.headers.upstream_authorization === 'first_party'
  if (!isWanted) {
    reportUnused(context)
    return null
  }
  if (secret === null) {
    if (!isGiven(context)) reportMissing(context)
    return null
  }
  reportShortSecret(context, path, secret)
  const apis = workers.filter(isApi)
  for (const api of apis) checkApplication(context, api, secret)
  if (apis.length > 0 && apis.every((api) => !knows(context, api, secret))) reportUnknown(context, apis)
  return { secret, issuer: firstPartyIssuer, audience: firstPartyAudience }
}

function isApi(worker: WorkerConfig): worker is UvicornWorker | HttpWorker {
  return worker.kind === 'uvicorn' || worker.kind === 'http'
}

function isGiven({ merged }: ResolveContext): boolean {
  return ['', '_file', '_env'].some((ending) =>
    merged.has([...path.slice(0, -1), `first_party_secret${ending}`]),
  )
}

/** The old name of the secret fills it for whoever has an application that reads it, and asks for nothing. */
function reportUnused(context: ResolveContext): void {
  const isHers = context.merged.layerOf(path)?.kind === 'environment'
  if (!isGiven(context) || (isHers && context.settings.target !== undefined)) return
  context.warnings.push({
    code: 'auth_unused',
    message:
      '`auth.headers.first_party_secret` has no effect: nobody is given tokens that are signed with it',
    where: secretOrigin(context, path),
    hint: 'write upstream_authorization = "first_party" in [auth.headers], or remove it',
  })
}

function reportMissing(context: ResolveContext): void {
  context.problems.push({
    code: 'first_party_secret_missing',
    message: '`auth.headers.upstream_authorization` is "first_party", and there is no secret to sign with',
    where: context.origin(mode),
    hint: 'set first_party_secret_file or first_party_secret_env in [auth.headers], or FLUXLIT_OIDC_BFF_SECRET',
  })
}

/** An application of the package that was told another secret, issuer or audience would refuse every token. */
function checkApplication(context: ResolveContext, api: UvicornWorker | HttpWorker, secret: Secret): void {
  if (api.run.kind === 'url') return
  const { env } = api.run
  const told = env[secretVariable] ?? ''
  const differing = Object.entries({ ...expected, [secretVariable]: secret.reveal() })
    .filter(([name, value]) => (env[name] ?? value) !== value)
    .map(([name]) => name)
  if (told === '' || differing.length === 0) return
  // What it was told is for other tokens, when it has the secret under a name of its own.
  const names = differing.includes(secretVariable) ? namesOfSecret(context, api.run, secret) : []
  if (names.some((name) => name !== ofLogin)) return
  context.problems.push({
    code: 'first_party_mismatch',
    message: `worker \`${api.name}\` would refuse every token of the gateway: its ${differing.join(' and ')} ${differing.length === 1 ? 'says' : 'say'} something else`,
    where: context.origin(mode),
    hint: `give it the secret of first_party_secret as ${secretVariable}, FLUXLIT_JWT_ISSUER=${firstPartyIssuer} and FLUXLIT_JWT_AUDIENCE=${firstPartyAudience}`,
  })
}

/** Whether a worker may know it; of one run elsewhere nobody here can say. */
function knows(context: ResolveContext, { run }: UvicornWorker | HttpWorker, secret: Secret): boolean {
  return run.kind === 'url' || namesOfSecret(context, run, secret).length > 0
}

/** The variables of a worker that hold it. */
function namesOfSecret({ env, hiddenEnv }: ResolveContext, run: Spawned, secret: Secret): readonly string[] {
  const isPassed = (name: string): boolean =>
    run.inheritEnv && !name.startsWith('FLUXLIT_') && !hiddenEnv.has(name)
  const inherited = Object.entries(env).filter(([name]) => isPassed(name))
  return [...inherited, ...Object.entries(run.env)]
    .filter(([, value]) => value === secret.reveal())
    .map(([name]) => name)
}

function reportUnknown(context: ResolveContext, apis: readonly WorkerConfig[]): void {
  const [first] = apis
  context.warnings.push({
    code: 'first_party_unknown',
    message: `no variable of ${apis.map(({ name }) => `\`${name}\``).join(', ')} holds the secret that tokens are signed with: an application that checks them cannot know it`,
    where: context.origin(mode),
    hint: `no variable of the gateway reaches its workers by itself: name a file with ${secretVariable}=... as [workers.${first?.name ?? 'api'}] env_file`,
  })
}
