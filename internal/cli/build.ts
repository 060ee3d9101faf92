import { readFileSync } from 'node:fs'

// Replaced by the bundler; in development, where the sources run as they are, they do not exist.
declare const __FLUXLIT_VERSION__: string
declare const __FLUXLIT_COMMIT__: string
declare const __FLUXLIT_TARGET__: string

/** What `fluxlit --version --json` says about this executable. */
export interface BuildInfo {
  /** Semantic version of package.json. */
  readonly version: string
  /** Commit it was built from, ending in `-dirty` when files were changed; `development` outside an executable. */
  readonly commit: string
  /** Machine it was built for, such as `linux-x64`; `development` outside an executable. */
  readonly target: string
  /** Version of the Node inside, without `v`. */
  readonly node: string
}

/** What was built: stamped in by the build, read from package.json when run from source. */
export function buildInfo(): BuildInfo {
  const node = process.versions.node
  if (typeof __FLUXLIT_VERSION__ === 'string') {
    return { version: __FLUXLIT_VERSION__, commit: __FLUXLIT_COMMIT__, target: __FLUXLIT_TARGET__, node }
  }
  return { version: packageVersion(), commit: 'development', target: 'development', node }
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : null
  if (typeof version !== 'string') throw new Error('package.json has no version')
  return version
}
