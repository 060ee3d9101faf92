#!/usr/bin/env node
/** `npm run lint`: types, lint rules, format and generated documents; exit 1 when one of them is wrong. */

import { report } from './shell/progress.mjs'
import { lint } from './testing/checks.mjs'

lint().then(
  ({ failed }) => (process.exitCode = failed === 0 ? 0 : 1),
  (error) => (process.exitCode = report(error)),
)
