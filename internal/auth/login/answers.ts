/** The forms that answers of the login endpoints have. Nothing of them may be kept by anybody. */

import { escapeHtml, renderPage } from '../../fault/page.ts'
import type { GatewayAnswer } from '../endpoints.ts'

const noStore = 'Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n'

/** Nothing is loaded from anywhere, and no page shows these in a frame. */
const pageLines =
  `Content-Type: text/html; charset=utf-8\r\n${noStore}X-Frame-Options: DENY\r\n` +
  "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'\r\n"

/** Sends the browser on; what it was asked with is not sent again. @param lines cookies */
export function seeOther(location: string, lines = ''): GatewayAnswer {
  return {
    status: 303,
    lines: `${noStore}X-Frame-Options: DENY\r\nLocation: ${location}\r\n${lines}`,
    body: '',
  }
}

/** Sends the browser to the provider. */
export function found(location: string, lines: string): GatewayAnswer {
  return { ...seeOther(location, lines), status: 302 }
}

/** JSON for programs. */
export function json(status: number, value: unknown, lines = ''): GatewayAnswer {
  const body = `${JSON.stringify(value)}\n`
  return { status, lines: `Content-Type: application/json\r\n${noStore}${lines}`, body }
}

/** No body. */
export function empty(status: number, lines = ''): GatewayAnswer {
  return { status, lines: noStore + lines, body: '' }
}

/** What stands on a page. Every text is made safe here. */
export interface PageText {
  readonly title: string
  readonly text: string
  /** Small print, by its name. */
  readonly facts?: Readonly<Record<string, string>>
  /** A link, or a button that posts. */
  readonly actions?: readonly {
    readonly label: string
    readonly to: string
    readonly method?: 'get' | 'post'
  }[]
  /** Goes on by itself to this address. */
  readonly continueTo?: string
}

/** A page for people. */
export function page(
  status: number,
  { title, text, facts = {}, actions = [], continueTo }: PageText,
  lines = '',
): GatewayAnswer {
  const shown = Object.entries(facts)
    .map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`)
    .join('')
  const buttons = actions.map(({ label, to, method = 'get' }) =>
    method === 'get'
      ? `<p><a class="action" href="${escapeHtml(to)}">${escapeHtml(label)}</a></p>`
      : `<form method="post" action="${escapeHtml(to)}"><button class="action">${escapeHtml(label)}</button></form>`,
  )
  const head =
    continueTo === undefined ? '' : `<meta http-equiv="refresh" content="0;url=${escapeHtml(continueTo)}">`
  const body = `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${buttons.join('')}${shown === '' ? '' : `<dl>${shown}</dl>`}`
  return { status, lines: pageLines + lines, body: renderPage(title, head, body) }
}
