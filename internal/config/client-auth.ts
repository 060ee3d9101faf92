/** How the gateway shows a provider who it is: what the method needs, and nothing of another one beside it. */

import { resolveClientAssertion } from './client-key.ts'
import type { ResolveContext } from './context.ts'
import type { AuthSecrets } from './login.ts'
import type { ClientAuthConfig } from './login-types.ts'
import { Secret } from './secret.ts'

type Kind = 'client_secret' | 'client_key'

/** Resolves `client_auth_method` and the secret or key that belongs to it. */
export function resolveClientAuth(context: ResolveContext, secrets: AuthSecrets): ClientAuthConfig {
  const { client_auth_method: method } = context.settings.auth.oidc
  const needs: Kind | null =
    method === 'none' ? null : method === 'private_key_jwt' ? 'client_key' : 'client_secret'
  for (const kind of ['client_secret', 'client_key'] as const)
    if (kind !== needs && formOf(context, kind) !== null) reportUnused(context, kind)
  if (needs !== null && formOf(context, needs) === null) reportMissing(context, needs)
  if (method === 'none') return { method }
  if (method !== 'private_key_jwt') return { method, secret: secrets.client ?? new Secret('') }
  const assertion = secrets.clientKey === null ? null : resolveClientAssertion(context, secrets.clientKey)
  return assertion === null ? { method: 'none' } : { method, assertion }
}

/** The key under which a secret was given, also when it could not be read. */
function formOf({ merged }: ResolveContext, kind: Kind): string | null {
  const forms = [kind, `${kind}_file`, `${kind}_env`]
  return forms.find((name) => merged.has(['auth', 'oidc', name])) ?? null
}

function reportUnused(context: ResolveContext, kind: Kind): void {
  const { client_auth_method: method } = context.settings.auth.oidc
  const name = formOf(context, kind) ?? kind
  context.problems.push({
    code: 'oidc_incomplete',
    message: `\`auth.oidc.${name}\` is given, and not used with client_auth_method = "${method}"`,
    where: context.origin(['auth', 'oidc', name]),
    hint:
      kind === 'client_key'
        ? 'write client_auth_method = "private_key_jwt", or remove the key'
        : `remove the secret, or client_auth_method = "${method}"`,
  })
}

function reportMissing(context: ResolveContext, kind: Kind): void {
  context.problems.push({
    code: 'oidc_incomplete',
    message: `\`auth.oidc.${kind}\` is missing`,
    where: context.origin(['auth', 'oidc', kind]),
    hint:
      kind === 'client_key'
        ? 'set client_key_file to the private key whose public half the provider knows'
        : 'set client_secret_env or client_secret_file; client_auth_method = "private_key_jwt" for a key, "none" for a public client',
  })
}
