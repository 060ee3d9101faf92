#!/usr/bin/env node
/**
 * `npm run build [-- --force]`: dist/fluxlit, when its sources changed or with --force.
 * `--entry FILE --output FILE` builds another main module, which shows that the pipeline works without the product.
 */

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build/executable.mjs'
import { report, step } from './shell/progress.mjs'

const { values } = parseArgs({
  options: { force: { type: 'boolean' }, entry: { type: 'string' }, output: { type: 'string' } },
})
const { output, ...rest } = values

step(output ?? 'dist/fluxlit', () =>
  build({ ...rest, ...(output === undefined ? {} : { output: resolve(output) }) }),
).catch((error) => (process.exitCode = report(error)))
