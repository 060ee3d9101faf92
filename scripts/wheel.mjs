#!/usr/bin/env node
/** `npm run wheel`: the Python package alone as dist/fluxlit-VERSION-py3-none-any.whl, byte by byte the same each time. */

import { environmentPython, installPython } from './setup/python.mjs'
import { join } from 'node:path'
import { report, repository, step } from './shell/progress.mjs'
import { must } from './shell/run.mjs'

const code = 'import sys, wheel_backend; print(wheel_backend.build_wheel(sys.argv[1]))'

async function wheel() {
  await step('Python environment', installPython)
  const cwd = join(repository, 'internal', 'python')
  await step('wheel', async () => {
    await must('wheel_backend', environmentPython(), ['-B', '-c', code, join(repository, 'dist')], { cwd })
    return 'in dist/'
  })
}

wheel().catch((error) => (process.exitCode = report(error)))
