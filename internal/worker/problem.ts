import type { Problem } from '../fault/startup.ts'

/** Tells a problem from the value it came instead of. */
export function isProblem(value: object): value is Problem {
  return 'code' in value && typeof value.code === 'string' && 'message' in value
}
