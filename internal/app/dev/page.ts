/** The page a developer sees in place of an app that does not run: why, where, and what happens next. */

import { escapeHtml } from '../../fault/page.ts'
import type { Problem } from '../../fault/startup.ts'
import type { Excerpt, Frame, Trace } from './traceback.ts'

/** What is shown. Everything is text: it is escaped here. */
export interface Trouble {
  readonly worker: string
  readonly problem: Problem
  readonly trace: Trace
  /** Source around the deepest frame of the user's own code, when it can be read. */
  readonly excerpt: Excerpt | null
  /** Wall-clock milliseconds of the next try, `change` = when a file changes, `now` = it is being started. */
  readonly next: number | 'change' | 'now'
  /** Address of the readiness answer, from the root of the server. */
  readonly statusPath: string
  /** The worker's state and since when, as the readiness answer tells them: another one means something new. */
  readonly seen: { readonly state: string; readonly since: string }
}

/** The whole page. It asks for the worker's state every second and reloads when that changes. */
export function troublePage(trouble: Trouble): string {
  const { worker, problem, trace } = trouble
  const own = trace.frames.filter((frame) => frame.isOwn).toReversed()
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>${escapeHtml(worker)} is not running</title>
<noscript><meta http-equiv="refresh" content="3"></noscript><style>${style}</style></head><body><main>
<p class="worker">${escapeHtml(worker)} is not running</p>
<h1>${escapeHtml(problem.message)}</h1>
${problem.hint === undefined ? '' : `<p class="hint">${escapeHtml(problem.hint)}</p>`}
${trouble.excerpt === null ? '' : excerpt(trouble.excerpt)}
${own.length === 0 ? '' : `<h2>Your code</h2><ol>${own.map(frameItem).join('')}</ol>`}
${trace.lines.length === 0 ? '' : output(trace)}
<p class="next" role="status">${nextWords(trouble.next)}</p>
<p class="small">${escapeHtml(problem.code)}${problem.where === undefined ? '' : ` · ${escapeHtml(problem.where)}`}
 · shown only by <code>fluxlit dev</code></p>
</main>${script(trouble)}</body></html>
`
}

function excerpt({ frame, first, lines }: Excerpt): string {
  const rows = lines.map((text, index) => {
    const number = first + index
    const row = `<span class="number">${number}</span>${escapeHtml(text)}`
    return number === frame.line ? `<mark>${row}</mark>` : `<span>${row}</span>`
  })
  return `<h2>${escapeHtml(place(frame))}</h2><pre class="source">${rows.join('\n')}</pre>`
}

function frameItem(frame: Frame): string {
  return `<li><code>${escapeHtml(place(frame))}</code></li>`
}

function place({ shown, line, scope }: Frame): string {
  return `${shown}:${line}${scope === null ? '' : ` in ${scope}`}`
}

function output({ lines, exception }: Trace): string {
  const title = exception === null ? 'Last output' : 'Traceback'
  return `<details open><summary>${title}</summary><pre>${escapeHtml(lines.join('\n'))}</pre></details>`
}

function nextWords(next: Trouble['next']): string {
  if (next === 'now') return 'It is being started again.'
  if (next === 'change') return 'It is started again when a file changes; this page then continues by itself.'
  return `Next try <span data-at="${next}">soon</span>, or when a file changes; this page continues by itself.`
}

function script({ worker, statusPath, seen }: Trouble): string {
  return `<script>
(function () {
  var worker = ${literal(worker)}, seen = ${literal(seen)}, at = document.querySelector('[data-at]')
  function count() {
    var left = Math.ceil((at.dataset.at - Date.now()) / 1000)
    at.textContent = left > 0 ? 'in ' + left + ' s' : 'now'
  }
  if (at) { count(); setInterval(count, 500) }
  ;(function ask() {
    fetch(${literal(statusPath)}, { cache: 'no-store' }).then(function (answer) { return answer.json() }).then(
      function (status) {
        var now = status.workers[worker]
        if (!now || now.state !== seen.state || now.since !== seen.since) location.reload()
        else setTimeout(ask, 1000)
      }).catch(function () { setTimeout(ask, 1000) })
  })()
})()
</script>`
}

/** Inside a script `<` could end it, whatever string it stands in. */
function literal(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

const style = `
:root{color-scheme:light dark;--ink:#1c2024;--soft:#60646c;--line:#d9d9e0;--paper:#fcfcfd;--raised:#f0f0f3;
--bad:#ce2c31;--mark:#ffdbdc}
@media(prefers-color-scheme:dark){:root{--ink:#edeef0;--soft:#b0b4ba;--line:#363a3f;--paper:#111113;--raised:#1c1c1f;
--bad:#ff9592;--mark:#500f1c}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem;border-top:4px solid var(--bad)}
h1{margin:.2em 0;font-size:1.4rem;overflow-wrap:anywhere}h2{margin:1.5em 0 .3em;font-size:1rem}
.worker{margin:0;color:var(--bad);font-weight:600}.hint{color:var(--soft)}.small{color:var(--soft);font-size:.85rem}
pre{overflow-x:auto;padding:1rem;background:var(--raised);border:1px solid var(--line);border-radius:6px;
font:.85rem/1.5 ui-monospace,monospace}.source{padding:.5rem 0}
.source>*{display:inline-block;min-width:100%;box-sizing:border-box;padding-right:1rem}
.source mark{background:var(--mark);color:inherit}
.number{display:inline-block;width:3.5rem;padding-right:1rem;text-align:right;color:var(--soft);user-select:none;
box-sizing:border-box}summary{cursor:pointer;font-weight:600;margin-top:1.5rem}.next{font-weight:600}
ol{margin:.3em 0;padding-left:1.5rem}code{font:.9em ui-monospace,monospace}
`
