import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { apiOnly } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { verb } from '../support/verb.ts'

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

test('people see the operator\u2019s own pages, also after a reload, and a bad one changes nothing', async (t) => {
  const running = await (
    await gateway(t, {
      ...apiOnly,
      toml: `${apiOnly.toml}[pages]\ndir = "pages"\nlang = "de"\n`,
      files: {
        ...apiOnly.files,
        'pages/404.html': 'Nichts hier: {request_id}',
        'pages/maintenance.html': '<p>{detail}',
      },
    })
  ).ready()
  const page = async (path: string) => ask(`${running.url}${path}`, { headers: navigation })
  const missing = await page('/nothing')
  assert.equal(missing.body, `Nichts hier: ${String(missing.headers['x-request-id'])}`)
  assert.equal(missing.headers['content-language'], 'de')
  assert.match((await ask(`${running.url}/nothing`)).body, /"code":"route_not_found"/)

  assert.equal((await verb(running, 'maintenance', 'on', '-m', 'Bis <12> Uhr')).code, 0)
  assert.equal((await page('/api/')).body, '<p>Bis &#60;12&#62; Uhr')
  assert.equal((await verb(running, 'maintenance', 'off')).code, 0)

  const file = join(running.directory, 'pages', '404.html')
  await writeFile(file, 'Wieder nichts: {request}')
  const failed = await verb(running, 'reload')
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /error\[bad_page\]: .*pages\/404\.html:1: the page has \{request\}/)
  assert.match((await page('/nothing')).body, /^Nichts hier/)
  await writeFile(file, 'Wieder nichts.')
  assert.equal((await verb(running, 'reload')).code, 0)
  assert.equal((await page('/nothing')).body, 'Wieder nichts.')
})
