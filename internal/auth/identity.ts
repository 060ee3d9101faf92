/** Who asks, as the gateway knows it: whatever the way it was shown, workers and rules see one shape. */

/** How somebody showed who they are. */
export type Via = 'jwt' | 'proxy' | 'basic' | 'dev' | 'oidc' | 'handle'

/**
 * Somebody who is known. One object per token or session for as long as nothing about it changes: what is made from it
 * (lines for workers, the signed assertion) is kept by the object.
 */
export interface Identity {
  readonly via: Via
  readonly subject: string
  /** Only one that counts as verified. */
  readonly email: string | null
  readonly name: string | null
  readonly preferredUsername: string | null
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  /** What `claims` of rules look at, as the token said it. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Wall-clock milliseconds from which on it no longer counts; null = as long as the request. */
  readonly expiresAt: number | null
  /** Key of its session in the store; null for those without one. */
  readonly sessionKey: string | null
  /** Seconds since 1970 of the login itself. */
  readonly authTime?: number
  readonly acr?: string
  readonly amr?: readonly string[]
  /** The provider's access token as it is now, where `upstream_authorization` wants it. */
  readonly accessToken?: string
  /** Of a page that was opened with a token: the `Authorization` it came with. */
  readonly bearer?: string
}

/** An {@link Identity} from the few fields that are known, and nothing for the others. */
export function identityOf(known: Pick<Identity, 'via' | 'subject'> & Partial<Identity>): Identity {
  return {
    email: null,
    name: null,
    preferredUsername: null,
    groups: [],
    roles: [],
    scopes: [],
    claims: {},
    expiresAt: null,
    sessionKey: null,
    ...known,
  }
}

/** Whether a browser sends the proof by itself, also when a page of somebody else makes it ask. */
export function isAmbient({ via }: Pick<Identity, 'via'>): boolean {
  return via === 'oidc' || via === 'basic' || via === 'proxy' || via === 'dev'
}
