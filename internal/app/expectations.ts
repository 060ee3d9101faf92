/** `[[auth.expect]]` and `fluxlit access`: the rules of a configuration, asked without a request. */

import { assumedIdentity, compileExplain, type Explanation } from '../auth/explain.ts'
import type { Identity } from '../auth/identity.ts'
import type { Config } from '../config/config.ts'
import { isFailure } from '../fault/failure.ts'
import type { Problem } from '../fault/startup.ts'
import { compileRoutes } from '../route/table.ts'
import { readTarget } from '../route/target.ts'

/** Who asks for what. */
export interface AccessQuestion {
  /** Null = nobody is signed in. */
  readonly as: Identity | null
  readonly method: string
  /** Below the root path; as it is sent. */
  readonly path: string
  /** `''` = any. */
  readonly host: string
}

/** Answers questions about a configuration. */
export function compileAccess(config: Config): (question: AccessQuestion) => Explanation {
  const workers = config.workers.filter((worker) => worker.kind !== 'process')
  const routes = compileRoutes({ workers, rootPath: '', docsMount: null, healthOf: null })
  const explain = config.auth === null ? null : compileExplain(config.auth)
  return ({ as, method, path, host }) => {
    if (explain === null)
      return { allowed: true, steps: ['auth.modes is empty: nobody is asked who they are'] }
    const target = readTarget(path, { method, host, scheme: 'https' })
    if (isFailure(target) || target.kind === 'server')
      return { allowed: false, steps: ['not a path that is accepted: 400'] }
    const route = routes(target, host)
    const worker = !isFailure(route) && route.kind === 'worker' ? (workers[route.index]?.name ?? null) : null
    return explain({ as, method, segments: target.segments, worker })
  }
}

/** The expectations that do not come true. */
export function failedExpectations(config: Config): readonly Problem[] {
  if (config.auth === null) return []
  const ask = compileAccess(config)
  return config.auth.expectations.flatMap((expectation): readonly Problem[] => {
    const { as, method, path, host, allow, where } = expectation
    const { allowed, steps } = ask({ as: as === null ? null : assumedIdentity(as), method, path, host })
    if (allowed === allow) return []
    const who = as === null ? 'somebody who is not signed in' : as.subject
    return [
      {
        code: 'access_unexpected',
        message: `${who} ${allowed ? 'may' : 'may not'} ${method} ${path}, and it is expected that they ${allow ? 'may' : 'may not'}`,
        where,
        hint: 'correct the rules, or the expectation',
        detail: steps,
      },
    ]
  })
}
