/** Renders a failure once, in the form the client can read: a page, a line of text, or problem+json. */

import { failures, type Failure, type FailureFormat } from './failure.ts'
import { filled, templateFor, type OwnPages } from './own-pages.ts'

/** An answer but for its framing. `lines` are `Name: value\r\n`. */
export interface RenderedFailure {
  readonly status: number
  readonly lines: string
  readonly body: string
}

/** Builds the answer for `failure`; `requestId` is shown to the user and sent as `X-Request-ID`. */
export function renderFailure(
  failure: Failure,
  format: FailureFormat,
  requestId: string,
  own: OwnPages | null = null,
): RenderedFailure {
  const [status, title, sentence] = failures[failure.code]
  const detail = failure.detail ?? sentence
  const shown = { status, title, detail, requestId }
  const ownPage = format === 'html' && own !== null ? ownPageFor(failure, shown, own) : null
  const body = ownPage ?? bodies[format](failure, shown)
  let lines = `Content-Type: ${contentTypes[format]}\r\nCache-Control: no-store\r\nX-Request-ID: ${requestId}\r\n`
  if (failure.retryAfterS !== undefined) lines += `Retry-After: ${failure.retryAfterS}\r\n`
  if (ownPage !== null && own !== null) lines += `Content-Language: ${own.lang}\r\n`
  if (failure.code === 'websocket_version') lines += 'Sec-WebSocket-Version: 13\r\n'
  if (failure.code === 'method_not_allowed')
    lines += 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n'
  return { status, lines: lines + (failure.lines ?? ''), body }
}

interface Shown {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly requestId: string
}

const contentTypes: Record<FailureFormat, string> = {
  html: 'text/html; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  ping: 'application/json',
  problem: 'application/problem+json',
}

const bodies: Record<FailureFormat, (failure: Failure, shown: Shown) => string> = {
  html: (failure, shown) =>
    failure.code === 'worker_starting' ? waitingPage(shown) : errorPage(failure, shown),
  text: (_failure, shown) => `${shown.detail} (request ${shown.requestId})\n`,
  ping: (_failure, shown) => `${JSON.stringify(`${shown.detail} (request ${shown.requestId})`)}\n`,
  problem: (failure, { status, title, detail, requestId }) =>
    `${JSON.stringify({ type: 'about:blank', title, status, code: failure.code, detail, request_id: requestId })}\n`,
}

function ownPageFor(failure: Failure, shown: Shown, own: OwnPages): string | null {
  const template = templateFor(own, failure.code)
  if (template === null) return null
  return filled(template, {
    request_id: escapeHtml(shown.requestId),
    code: failure.code,
    status: String(shown.status),
    title: escapeHtml(shown.title),
    detail: escapeHtml(shown.detail),
    retry_after: failure.retryAfterS === undefined ? '' : String(failure.retryAfterS),
    lang: escapeHtml(own.lang),
  })
}

function errorPage(failure: Failure, shown: Shown): string {
  const again =
    failure.retryAfterS === undefined ? '' : `<meta http-equiv="refresh" content="${failure.retryAfterS}">`
  return renderPage(
    shown.title,
    again,
    `<p class="status">${shown.status}</p><h1>${escapeHtml(shown.title)}</h1><p>${escapeHtml(shown.detail)}</p>
<dl><dt>Code</dt><dd>${failure.code}</dd><dt>Request</dt><dd>${escapeHtml(shown.requestId)}</dd></dl>`,
  )
}

/**
 * Comes back by itself: the script asks for the same address again, which the gateway holds until the
 * application answers; without scripts the page reloads every two seconds.
 */
function waitingPage(shown: Shown): string {
  return renderPage(
    shown.title,
    '<noscript><meta http-equiv="refresh" content="2"></noscript>',
    `<div class="spinner" role="img" aria-label="waiting"></div><h1>Starting</h1>
<p>${escapeHtml(shown.detail)} This page continues by itself.</p>
<dl><dt>Request</dt><dd>${escapeHtml(shown.requestId)}</dd></dl>
<script>
(function ask() {
  fetch(location.href, { cache: 'no-store', credentials: 'same-origin' }).then(
    function (answer) { if (answer.status === 503) setTimeout(ask, 1000); else location.reload() },
    function () { setTimeout(ask, 1000) })
})()
</script>`,
  )
}

/** A page in the product's style. `head` and `body` are HTML. */
export function renderPage(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>${escapeHtml(title)}</title>${head}
<style>
:root{color-scheme:light dark;--ink:#1c2024;--soft:#60646c;--line:#d9d9e0;--paper:#fcfcfd;--accent:#3e63dd}
@media(prefers-color-scheme:dark){:root{--ink:#edeef0;--soft:#b0b4ba;--line:#363a3f;--paper:#111113;--accent:#849dff}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}main{max-width:32rem;padding:2rem}h1{margin:.2em 0;font-size:1.6rem}
.status{margin:0;color:var(--accent);font-weight:600}p{color:var(--soft)}
dl{display:grid;grid-template-columns:auto 1fr;gap:.2rem 1rem;border-top:1px solid var(--line);padding-top:1rem;
font-size:.85rem;color:var(--soft)}dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere}
.action{display:inline-block;font:inherit;font-weight:600;padding:.5rem 1rem;border:0;border-radius:.4rem;
background:var(--accent);color:var(--paper);text-decoration:none;cursor:pointer}
.spinner{width:2rem;height:2rem;border:3px solid var(--line);border-top-color:var(--accent);border-radius:50%;
animation:turn 1s linear infinite}@keyframes turn{to{transform:rotate(1turn)}}
@media(prefers-reduced-motion:reduce){.spinner{animation:none}}
</style></head><body><main>${body}</main></body></html>
`
}

/** Text made safe inside HTML elements and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
