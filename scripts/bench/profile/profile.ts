/** A CPU profile of V8 (the format of Chrome's developer tools), added up by function. */

/** What is read of a .cpuprofile file. Times are microseconds of the machine's monotonic clock. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      /** From 0. */
      readonly lineNumber: number
      readonly columnNumber: number
    }
  }[]
  readonly startTime: number
  /** Id of the node on top of the stack at each sample. */
  readonly samples: readonly number[]
  /** Time before each sample. */
  readonly timeDeltas: readonly number[]
}

/** Where a function begins. */
export interface Place {
  readonly url: string
  /** From 0. */
  readonly line: number
  readonly column: number
}

/** One function. */
export interface FunctionTime {
  readonly name: string
  readonly place: Place
  /** Time it was itself on top of the stack, in microseconds. */
  readonly self: number
}

/** The functions of a stretch of time, the most expensive first. */
export interface Hot {
  readonly functions: readonly FunctionTime[]
  /** Of all functions, without the time nothing was to be done; microseconds. */
  readonly busy: number
  readonly idle: number
}

/**
 * Adds up what was sampled between two moments.
 * @param from microseconds of the monotonic clock, as `startTime` @param to likewise
 */
export function hotFunctions(
  { nodes, startTime, samples, timeDeltas }: CpuProfile,
  from: number,
  to: number,
): Hot {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const times = new Map<string, FunctionTime>()
  let now = startTime
  let idle = 0
  let busy = 0
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0
    now += delta
    const frame = frames.get(id)
    if (frame === undefined || now < from || now > to) continue
    if (frame.functionName === '(idle)') {
      idle += delta
      continue
    }
    busy += delta
    const { functionName, url, lineNumber, columnNumber } = frame
    const key = `${functionName} ${url} ${lineNumber} ${columnNumber}`
    const self = (times.get(key)?.self ?? 0) + delta
    const place = { url, line: lineNumber, column: columnNumber }
    times.set(key, { name: functionName || '(anonymous)', place, self })
  }
  return { functions: [...times.values()].toSorted((a, b) => b.self - a.self), busy, idle }
}
