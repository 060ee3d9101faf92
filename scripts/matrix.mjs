#!/usr/bin/env node
/**
 * `npm run matrix`: sets up what is missing, then writes docs/matrix.md with the pinned Node. nginx and HAProxy must be
 * installed. The exit status is 1 when a case did not come out as required.
 */

import { setup } from './setup.mjs'
import { nodePath } from './setup/toolchain.mjs'
import { report } from './shell/progress.mjs'
import { show } from './shell/run.mjs'

setup()
  .then(() => show(nodePath(), ['--import', 'tsx', 'scripts/matrix-report.ts']))
  .then(
    (status) => (process.exitCode = status),
    (error) => (process.exitCode = report(error)),
  )
