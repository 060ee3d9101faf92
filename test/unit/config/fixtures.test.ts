import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'

import type { Problem } from '../../../internal/fault/startup.ts'
import { problemsJson, renderReport, reportJson } from '../../../internal/config/report.ts'
import { repository } from '../../support/python.ts'
import { load, loadValid, project, usualFiles } from './project.ts'

const fixtures = join(repository, 'test/fixtures/config')

/** With UPDATE_FIXTURES=1 the expected files are written instead of compared; read the difference before committing. */
function compare(actual: string, file: string): void {
  if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(file, actual)
  assert.equal(actual, readFileSync(file, 'utf8'))
}

/** Makes output independent of the temporary directory. */
function plain(text: string, directory: string): string {
  const name = new RegExp(`${basename(directory)}-[0-9a-f]{6}`, 'g')
  return text.replaceAll(directory, '<project>').replaceAll(name, '<name>')
}

function named(folder: string): readonly string[] {
  return readdirSync(join(fixtures, folder))
    .filter((file) => file.endsWith('.toml'))
    .map((file) => basename(file, '.toml'))
}

function asText(problems: readonly Problem[]): string {
  return problems
    .flatMap(({ code, message, where, hint, detail }) => [
      `error[${code}]: ${where ?? '-'}: ${message}`,
      ...(hint === undefined ? [] : [`hint: ${hint}`]),
      ...(detail ?? []).map((line) => `  ${line}`),
    ])
    .map((line) => `${line}\n`)
    .join('')
}

describe('a valid file gives exactly the expected report', () => {
  for (const name of named('valid')) {
    test(name, async (t) => {
      const toml = readFileSync(join(fixtures, 'valid', `${name}.toml`), 'utf8')
      const directory = await project(t, { ...usualFiles, 'fluxlit.toml': toml })
      const { report } = loadValid(directory)
      compare(
        plain(`${JSON.stringify(reportJson(report), null, 2)}\n`, directory),
        join(fixtures, 'valid', `${name}.json`),
      )
      // How far the columns are apart depends on the length of the directory's name.
      const text = plain(renderReport(report), directory).replace(/ {2,}/g, ' ')
      compare(text, join(fixtures, 'valid', `${name}.txt`))
    })
  }
})

describe('an invalid file gives exactly the expected messages', () => {
  for (const name of named('invalid')) {
    test(name, async (t) => {
      const toml = readFileSync(join(fixtures, 'invalid', `${name}.toml`), 'utf8')
      const directory = await project(t, { ...usualFiles, 'fluxlit.toml': toml })
      const result = load(directory)
      assert(result.kind === 'problems', 'the file was accepted')
      compare(plain(asText(result.problems), directory), join(fixtures, 'invalid', `${name}.txt`))
    })
  }
})

test('five mistakes are five problems, each with its line', async (t) => {
  const toml = readFileSync(join(fixtures, 'invalid/five-mistakes.toml'), 'utf8')
  const directory = await project(t, { ...usualFiles, 'fluxlit.toml': toml })
  const result = load(directory)
  assert(result.kind === 'problems')
  assert.deepEqual(
    result.problems.map((problem) => problem.where),
    [1, 2, 5, 8, 11].map((line) => `fluxlit.toml:${line}`),
  )
  assert.deepEqual(problemsJson(result.problems), { ok: false, problems: result.problems, warnings: [] })
})

test('no secret of a file appears in its report', async (t) => {
  const toml = readFileSync(join(fixtures, 'valid/one-host-two-streamlit-apps.toml'), 'utf8')
  const directory = await project(t, { ...usualFiles, 'fluxlit.toml': toml })
  const { report, config } = loadValid(directory)
  assert(!JSON.stringify(reportJson(report)).includes('hunter2'))
  assert(!renderReport(report).includes('hunter2'))
  const api = config.workers.find((worker) => worker.name === 'api')
  assert(api?.kind === 'uvicorn' && api.run.kind === 'spawn')
  assert.equal(api.run.env['DATABASE_URL'], 'postgresql://shop:hunter2@db/shop')
})

test('a table named __proto__ changes no other object', async (t) => {
  const directory = await project(t, { ...usualFiles, 'fluxlit.toml': '[__proto__]\npolluted = true\n' })
  load(directory)
  assert.equal('polluted' in {}, false)
})
