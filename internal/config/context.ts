/** What the resolving functions share: the merged values, where they look, and what they report. */

import type { Problem } from '../fault/startup.ts'
import type { Origin, SecretPlace } from './config.ts'
import type { Variable } from './environment.ts'
import type { Merged } from './layer.ts'
import type { Settings } from './schema.ts'
import { dotted, type Path } from './tree.ts'

/** One value of the report. */
export interface ReportValue {
  /** As written in a file; secrets already hidden. */
  readonly value: unknown
  readonly origin: Origin
}

/** Values of the report by dotted path. */
export type ReportValues = ReadonlyMap<string, ReportValue>

/** State of one resolution; problems and report values are collected, nothing is thrown. */
export class ResolveContext {
  readonly problems: Problem[] = []
  readonly warnings: Problem[] = []
  /** Variables that a secret of the gateway was read from; found before the workers are resolved. */
  readonly hiddenEnv = new Set<string>()
  /** Where the secrets of the gateway itself are, also those that are not there. */
  readonly secretPlaces: SecretPlace[] = []
  readonly settings: Settings
  readonly merged: Merged
  /** Absolute base of relative paths. */
  readonly root: string
  /** The gateway's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Variables of `.env` beside the configuration. */
  readonly dotenv: readonly Variable[]
  readonly #values = new Map<string, ReportValue>()

  constructor(given: {
    readonly settings: Settings
    readonly merged: Merged
    readonly root: string
    readonly env: Readonly<Record<string, string | undefined>>
    readonly dotenv: readonly Variable[]
  }) {
    this.settings = given.settings
    this.merged = given.merged
    this.root = given.root
    this.env = given.env
    this.dotenv = given.dotenv
  }

  /** Records a value for the report; the last record of a path counts. */
  report(path: Path, value: unknown, origin: Origin): void {
    this.#values.set(dotted(path), { value, origin })
  }

  /** The place to name in a message about a path: of its value, or of the nearest table above it. */
  origin(path: Path): Origin {
    return this.merged.origin(path)
  }

  /** Where the value that counts comes from: `default` unless somebody gave exactly this key. */
  valueOrigin(path: Path): Origin {
    return this.merged.has(path) ? this.merged.origin(path) : 'default'
  }

  get values(): ReportValues {
    return this.#values
  }
}
