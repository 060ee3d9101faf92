/** A project directory for configuration tests: sources, an interpreter that exists, and nothing else. */

import { chmod } from 'node:fs/promises'
import { join } from 'node:path'

import { loadConfig, type FlagValue, type LoadResult } from '../../../internal/config/load.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { freshDirectory } from '../../support/directory.ts'

const fastapi = 'from fastapi import FastAPI\napp = FastAPI()\n'
const streamlit = 'import streamlit as st\nst.write("hello")\n'

/** Files that the fixtures refer to. */
export const usualFiles: Readonly<Record<string, string>> = {
  'main.py': fastapi,
  'api.py': fastapi,
  'streamlit_app.py': streamlit,
  'sales.py': streamlit,
  'stock.py': streamlit,
  'server.mjs': '',
  'public/index.html': '',
  'queue.env': 'BROKER_PASSWORD=hunter2\nQUEUE=mail\n',
  'venv/bin/python': '#!/bin/sh\n',
}

/** A directory with an interpreter in `bin/python3`, removed after the test. */
export async function project(t: Cleanup, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const directory = await freshDirectory(t, { files: { 'bin/python3': '#!/bin/sh\n', ...files } })
  await chmod(join(directory, 'bin/python3'), 0o755)
  if ('venv/bin/python' in files) await chmod(join(directory, 'venv/bin/python'), 0o755)
  return directory
}

/** What a test gives besides the directory. */
export interface Given {
  readonly files?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: Readonly<Record<string, FlagValue>>
}

/** Loads the configuration of a project in an environment that has only what the test says. */
export function load(directory: string, given: Given = {}): LoadResult {
  const env = { PATH: join(directory, 'bin'), HOME: join(directory, 'home'), ...given.env }
  return loadConfig({ cwd: directory, files: given.files ?? [], env, flags: given.flags ?? {} })
}

/** The same, for a configuration that has to be valid. */
export function loadValid(directory: string, given: Given = {}): Extract<LoadResult, { kind: 'ok' }> {
  const result = load(directory, given)
  if (result.kind === 'ok') return result
  throw new Error(`unexpected problems: ${JSON.stringify(result.problems, null, 2)}`)
}

/** `where: [code] message` of every problem. */
export function problemLines(result: LoadResult): readonly string[] {
  return result.kind === 'ok'
    ? []
    : result.problems.map(({ code, message, where }) => `${where ?? '-'}: [${code}] ${message}`)
}
