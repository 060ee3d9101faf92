import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { StartupError } from '../../../internal/fault/startup.ts'
import { LogFile } from '../../../internal/log/file.ts'
import { createSink, type LineSink } from '../../../internal/log/sink.ts'
import { freshDirectory } from '../../support/directory.ts'
import { eventually } from '../../support/eventually.ts'
import { startProgram } from '../../support/program.ts'
import { repository } from '../../support/python.ts'

/** A log file `log` in a fresh directory (or below it), with a sink in front and what was said elsewhere. */
async function opened(t: TestContext, rotateBytes = 0, name = 'log') {
  const directory = await freshDirectory(t)
  const path = join(directory, name)
  await mkdir(join(path, '..'), { recursive: true })
  const said: string[] = []
  const elsewhere = (text: string): void => void said.push(text)
  const file = await LogFile.open(
    { path, key: 'log.file', where: 'fluxlit.toml:2', rotateBytes, rotateKeep: 3 },
    elsewhere,
  )
  t.after(() => file.close())
  const sink = createSink(file, { dropped: (lost) => `<${lost} dropped>\n`, elsewhere })
  return { directory, path, file, sink, said }
}

/** Writes `from` to `to - 1`, each on a line of its own. */
function count(sink: LineSink, from: number, to: number): void {
  for (let number = from; number < to; number += 1) sink.write(`line ${number}\n`)
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join('')
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8')
}

test('a new file is for its owner and its group, and one that is there is continued', async (t) => {
  const { path, file, sink } = await opened(t)
  assert.equal((await stat(path)).mode & 0o777, 0o640 & ~process.umask())
  count(sink, 0, 3)
  await sink.close(1000)
  await file.close()
  const again = await LogFile.open(
    { path, key: 'log.file', where: '', rotateBytes: 0, rotateKeep: 1 },
    assert.fail,
  )
  const next = createSink(again, { dropped: String, elsewhere: assert.fail })
  count(next, 3, 5)
  await next.close(1000)
  await again.close()
  assert.equal(await textOf(path), lines(0, 5))
})

test('40, 49: after a rename and `reopen` lines go to a new file; none is lost, torn or doubled', async (t) => {
  const { path, file, sink, said } = await opened(t)
  for (let turn = 0; turn < 20; turn += 1) {
    count(sink, turn * 100, turn * 100 + 50)
    await rename(path, `${path}.old${turn}`)
    count(sink, turn * 100 + 50, turn * 100 + 75)
    file.reopen()
    count(sink, turn * 100 + 75, turn * 100 + 100)
    await eventually('there is a new one', () => existsSync(path))
  }
  await sink.close(1000)
  const old = Array.from({ length: 20 }, (_, turn) => `${path}.old${turn}`)
  const texts = await Promise.all([...old, path].map(textOf))
  assert.equal(texts.join(''), lines(0, 2000))
  assert.ok(texts.every((text) => text.endsWith('\n')))
  assert.deepEqual(said, [])
})

test('`reopen` without a rename changes nothing', async (t) => {
  const { directory, path, file, sink } = await opened(t)
  count(sink, 0, 2)
  file.reopen()
  count(sink, 2, 4)
  await sink.close(1000)
  assert.equal(await textOf(path), lines(0, 4))
  assert.deepEqual(await readdir(directory), ['log'])
})

test('49: a full file is set aside, so many are kept, and no line is lost or torn on the way', async (t) => {
  const { directory, path, sink, said } = await opened(t, 300)
  for (let number = 0; number < 100; number += 10) {
    count(sink, number, number + 10)
    const last = `line ${number + 9}\n`
    await eventually('the lines are there', async () => (await textOf(path).catch(() => '')).endsWith(last))
  }
  await sink.close(1000)
  assert.deepEqual((await readdir(directory)).toSorted(), ['log', 'log.1', 'log.2', 'log.3'])
  const kept = await Promise.all([`${path}.3`, `${path}.2`, `${path}.1`, path].map(textOf))
  assert.ok(kept.every((text) => text.length <= 300))
  // Three batches of ten fit into each file.
  assert.equal(kept.join(''), lines(0, 100))
  assert.deepEqual(said, [])
})

test('a file that cannot be set aside goes on growing, which is told once', async (t) => {
  const { path, file, sink, said } = await opened(t, 50)
  await mkdir(`${path}.3`)
  await writeFile(`${path}.2`, '')
  for (let number = 0; number < 60; number += 10) {
    count(sink, number, number + 10)
    const last = `line ${number + 9}\n`
    await eventually('the lines are there', async () => (await textOf(path)).endsWith(last))
  }
  await sink.close(1000)
  await file.close()
  assert.equal(await textOf(path), lines(0, 60))
  assert.equal(said.length, 1)
  assert.match(said[0] ?? '', /^the log file cannot be rotated \(.*EISDIR/)
})

test('49: a file that was removed is begun anew without being asked', async (t) => {
  const { path, sink } = await opened(t)
  count(sink, 0, 2)
  await rm(path)
  await eventually('it is there again', () => (sink.write('again\n'), existsSync(path)))
  await sink.close(1000)
  assert.match(await textOf(path), /^(again\n)+$/)
})

test('a file that was emptied is continued from its start', async (t) => {
  const { path, sink, file } = await opened(t)
  count(sink, 0, 2)
  await eventually('they are there', async () => (await textOf(path)) === lines(0, 2))
  await truncate(path)
  count(sink, 2, 4)
  await sink.close(1000)
  await file.close()
  assert.equal(await textOf(path), lines(2, 4))
})

test('a directory that vanished is told once; what waits is written when it is back', async (t) => {
  const { path, file, sink, said } = await opened(t, 0, 'logs/log')
  await rm(join(path, '..'), { recursive: true })
  file.reopen()
  count(sink, 0, 3)
  await eventually('it is told', () => said.length > 0)
  await mkdir(join(path, '..'))
  await eventually('it is there again', () => existsSync(path))
  await sink.close(1000)
  assert.equal(await textOf(path), lines(0, 3))
  assert.equal(said.length, 1)
  assert.match(said[0] ?? '', /^log lines cannot be written \(ENOENT/)
})

test('a line that a full disk has cut stands complete in the next file', async (t) => {
  const directory = await freshDirectory(t)
  const path = join(directory, 'log')
  const fixture = join(repository, 'test/fixtures/log/small-disk.ts')
  const node = `ulimit -f 2; exec "$0" --import tsx "$1" "$2"`
  const child = startProgram(t, ['sh', '-c', node, process.execPath, fixture, path], { cwd: repository })
  assert.deepEqual(await child.exited, [0, null])
  const [before, after] = [await textOf(`${path}.old`), await textOf(path)]
  assert.equal(before.length, 1024)
  const complete = before.slice(0, before.lastIndexOf('\n') + 1)
  assert.equal(complete + after, lines(0, 200))
})

test('what cannot be a log is refused at the start, with what to do', async (t) => {
  const directory = await freshDirectory(t, { files: { file: '' } })
  const where = 'fluxlit.toml:2'
  const refusal = async (name: string): Promise<readonly unknown[]> => {
    const config = {
      path: join(directory, name),
      key: 'log.file' as const,
      where,
      rotateBytes: 0,
      rotateKeep: 1,
    }
    const error: unknown = await LogFile.open(config, assert.fail).catch((reason: unknown) => reason)
    assert.ok(error instanceof StartupError)
    const [problem] = error.problems
    assert.equal(error.exitCode, 2)
    assert.equal(problem?.where, where)
    return [problem.code, problem.message.replace(directory, ''), problem.hint?.replace(directory, '')]
  }
  const create = 'or correct `log.file`'
  const allow = 'let the account of the gateway write there, or set `log.file` to "" for standard output'
  assert.deepEqual(await refusal('no/log'), [
    'log_file',
    'the log file cannot be opened: /no/log (ENOENT)',
    `create the directory /no, ${create}`,
  ])
  assert.deepEqual(await refusal('file/log'), [
    'log_file',
    'the log file cannot be opened: /file/log (ENOTDIR)',
    `create the directory /file, ${create}`,
  ])
  assert.deepEqual(await refusal('.'), [
    'log_file',
    'the log file cannot be opened: / (not a regular file)'.replace('/ ', ' '),
    allow,
  ])
  await writeFile(join(directory, 'file'), 'kept')
})
