import type { Problem } from '../fault/startup.ts'

/** Why a worker could not start, as its bootstrap told it on the report pipe. */
export interface BootFailure {
  readonly problem: Problem
  /** True when trying again without changing something is pointless. */
  readonly permanent: boolean
}

/** Reads one line of the report pipe; null when it is not a report. `where` is the worker's place in the file. */
export function parseBootReport(line: string, where: string): BootFailure | null {
  const report = parseObject(line)
  if (report?.get('event') !== 'failed') return null
  const code = report.get('code')
  const message = report.get('message')
  if (typeof code !== 'string' || typeof message !== 'string') return null
  const hint = hintFor(code, report)
  const detail = strings(report.get('traceback'))
  return {
    problem: {
      code,
      message,
      where,
      ...(hint === undefined ? {} : { hint }),
      ...(detail.length > 0 ? { detail } : {}),
    },
    permanent: report.get('permanent') === true,
  }
}

function hintFor(code: string, report: ReadonlyMap<string, unknown>): string | undefined {
  const candidates = strings(report.get('candidates'))
  const missing = report.get('missing')
  const key = typeof report.get('target') === 'string' ? 'target' : 'app'
  switch (code) {
    case 'app_not_found':
      return `correct \`${key}\`, or set \`cwd\` to the directory the module is imported from`
    case 'app_attribute_missing':
      return candidates[0] === undefined
        ? `correct the part after the colon in \`${key}\``
        : `write ${key} = "${candidates[0]}"`
    case 'target_not_fluxlit':
      return candidates[0] === undefined
        ? 'name the object that `FluxLit(...)` made; a FastAPI app is served by [workers.api] app = "..."'
        : `write target = "${candidates[0]}"`
    case 'app_import_failed':
      return typeof missing === 'string'
        ? `install the package that provides \`${missing}\` into the worker's environment, or correct the import`
        : "the traceback above is the app's own"
    case 'module_missing':
      return "install it into the worker's environment with pip"
    case 'rlimit_refused':
      return 'lower it, or start the gateway with a higher hard limit'
    case 'streamlit_option':
      return 'correct `args`; the script\'s own arguments come after "--"'
    default:
      return undefined
  }
}

function parseObject(line: string): ReadonlyMap<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : null
  } catch {
    return null
  }
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
