#!/usr/bin/env node
/**
 * `npm run cluster`: walks the ways to Kubernetes of docs/deployment.md on a real cluster of one node and writes
 * docs/cluster.md. Needs root on Linux, Go, and some packages of Debian, which it names. The first run builds
 * Kubernetes, which takes ten minutes on two cores. Nothing is left running.
 */

import { setup } from './setup.mjs'
import { nodePath } from './setup/toolchain.mjs'
import { buildPrograms, gatewayDefinitions, programsDirectory, requireMachine } from './cluster/programs.mjs'
import { report, step } from './shell/progress.mjs'
import { show } from './shell/run.mjs'

async function cluster() {
  await requireMachine()
  await setup()
  await step('Kubernetes', buildPrograms)
  const definitions = await gatewayDefinitions()
  const prepared = await show(nodePath(), ['--import', 'tsx', 'scripts/cluster/prepare.ts', definitions])
  if (prepared !== 0) return prepared
  const main = ['--import', 'tsx', 'scripts/cluster/main.ts', programsDirectory(), definitions]
  // It takes the cluster down when it is told to end, and it is told so when this process is gone.
  return show('setpriv', ['--pdeathsig', 'TERM', 'unshare', '--net', nodePath(), ...main])
}

process.on('SIGINT', () => {})

cluster().then(
  (status) => (process.exitCode = status),
  (error) => (process.exitCode = report(error)),
)
