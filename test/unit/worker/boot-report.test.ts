import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { parseBootReport } from '../../../internal/worker/boot-report.ts'

const line = (report: Record<string, unknown>): string => JSON.stringify({ event: 'failed', ...report })

describe('a report of a failed start', () => {
  it('becomes a problem at the place of the worker', () => {
    const report = {
      code: 'app_attribute_missing',
      message: 'module `main` has no attribute `ap`',
      candidates: ['main:app'],
      permanent: true,
    }
    assert.deepEqual(parseBootReport(line(report), 'fluxlit.toml:4'), {
      problem: {
        code: 'app_attribute_missing',
        message: 'module `main` has no attribute `ap`',
        where: 'fluxlit.toml:4',
        hint: 'write app = "main:app"',
      },
      permanent: true,
    })
  })

  it('keeps the traceback and names the missing package', () => {
    const report = { code: 'app_import_failed', message: 'x', missing: 'numpy', traceback: ['one', 'two'] }
    const { problem, permanent } = parseBootReport(line(report), 'x') ?? assert.fail('not parsed')
    assert.deepEqual(problem.detail, ['one', 'two'])
    assert.match(problem.hint ?? '', /provides `numpy`/)
    assert.equal(permanent, false)
  })

  it('is nothing else', () => {
    for (const other of ['', 'hello', '5', 'null', '{"event":"ready"}', '{"event":"failed","code":1}']) {
      assert.equal(parseBootReport(other, 'x'), null)
    }
  })
})
