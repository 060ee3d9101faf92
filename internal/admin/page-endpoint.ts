/** The status page, which is one file, with a policy that lets it do nothing but what it is made of. */

import { createHash } from 'node:crypto'

import { end, type Endpoint } from './endpoint.ts'

/** Serves the page. @param read its text; asked once, when somebody looks at it */
export function pageEndpoint(read: () => string): Endpoint {
  let made: { readonly html: string; readonly policy: string } | null = null
  return {
    isOpen: false,
    answer: (_request, response) => {
      if (made === null) {
        const html = read()
        made = { html, policy: policyFor(html) }
      }
      response.setHeader('content-security-policy', made.policy)
      end(response, 200, 'text/html; charset=utf-8', made.html)
    },
  }
}

/**
 * The content security policy of a page: exactly the scripts and styles that are in it, connections to where it came
 * from, no other source, no frames, no forms, and no text that becomes markup or code.
 */
export function policyFor(html: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashes(html, 'script')}`,
    `style-src ${hashes(html, 'style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
}

function hashes(html: string, tag: 'script' | 'style'): string {
  const contents = [...html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, text = '']) => text)
  return contents.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ')
}
