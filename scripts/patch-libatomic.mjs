#!/usr/bin/env node
/**
 * `node scripts/patch-libatomic.mjs FILE [OUTPUT]`: makes a Linux Node binary run without libatomic.so.1.
 * Without OUTPUT the file is replaced. Says what it did; exit 1 with the reason when it refuses.
 */

import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { patchLibatomic } from './elf/libatomic.mjs'

const [file, output = file] = process.argv.slice(2)
if (file === undefined || output === undefined) {
  console.error('usage: patch-libatomic.mjs FILE [OUTPUT]')
  process.exit(2)
}

try {
  const bytes = readFileSync(file)
  const before = sha256(bytes)
  const outcome = patchLibatomic(bytes)
  // A running executable cannot be written to, but it can be replaced.
  writeFileSync(`${output}.new`, bytes)
  chmodSync(`${output}.new`, statSync(file).mode)
  renameSync(`${output}.new`, output)
  console.log(`${output}: ${outcome}\n  before ${before}\n  after  ${sha256(bytes)}`)
} catch (error) {
  console.error(`error: ${file}: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

/** @param {Buffer} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
