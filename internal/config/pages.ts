/** `[pages]`: the operator's own pages for failures, read and checked at the start and at every reload. */

import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { placeholderForm, placeholders, templateNames, type OwnPages } from '../fault/own-pages.ts'
import type { Problem } from '../fault/startup.ts'
import type { ResolveContext } from './context.ts'
import { kindOfPath, readText } from './files.ts'
import { nearest } from './nearest.ts'

/** Characters of a template: it is sent whole with every refusal. */
const longest = 256 * 1024

/** Reads the templates; null = the built-in pages. What is wrong with one is a problem that names its file. */
export function resolvePages(context: ResolveContext): OwnPages | null {
  const { dir, lang } = context.settings.pages
  if (dir === '') return null
  const directory = resolve(context.root, dir)
  const names = templatesIn(directory)
  if (names === null || names.length === 0) {
    context.problems.push(missing(directory, context.origin(['pages', 'dir']), names !== null))
    return null
  }
  const templates: Record<string, string> = {}
  for (const name of names) {
    const file = join(directory, name)
    const text = read(file, name)
    if (typeof text === 'string') templates[name.slice(0, -'.html'.length)] = text
    else context.problems.push(text)
  }
  return { lang, templates }
}

/** Null when there is no such directory. */
function templatesIn(directory: string): readonly string[] | null {
  if (kindOfPath(directory) !== 'directory') return null
  return readdirSync(directory)
    .filter((name) => name.endsWith('.html'))
    .toSorted()
}

function read(file: string, name: string): string | Problem {
  const word = name.slice(0, -'.html'.length)
  if (!templateNames.has(word)) {
    const near = nearest(word, [...templateNames])
    const hint = near === null ? `names: ${[...templateNames].join(', ')}` : `did you mean ${near}.html?`
    return bad(file, 'is a page for no answer of the gateway', hint)
  }
  const given = readText(file)
  if (given.kind !== 'text') {
    const reason = given.kind === 'missing' ? 'it is gone' : given.reason
    return bad(file, `cannot be read: ${reason}`, 'correct it, or remove it')
  }
  if (given.text.length > longest)
    return bad(file, 'is larger than 256 KiB', 'leave pictures and fonts out of it')
  return unknownPlaceholder(file, given.text) ?? given.text
}

function unknownPlaceholder(file: string, text: string): Problem | null {
  for (const { 1: name = '', index } of text.matchAll(placeholderForm)) {
    if (placeholders.some((known) => known === name)) continue
    const line = text.slice(0, index).split('\n').length
    const near = nearest(name, [...placeholders])
    const meant = near === null ? `there are {${placeholders.join('}, {')}}` : `did you mean {${near}}?`
    return bad(
      `${file}:${line}`,
      `has {${name}}, which stands for nothing`,
      `${meant} A space inside keeps braces as they are`,
    )
  }
  return null
}

function missing(directory: string, where: string, isThere: boolean): Problem {
  return {
    code: 'pages_missing',
    message: isThere
      ? `\`pages.dir\` has no page in it: ${directory}`
      : `\`pages.dir\` is not an existing directory: ${directory}`,
    where,
    hint: 'pages are named after a status (404.html, 503.html), maintenance.html, starting.html or error.html',
  }
}

function bad(where: string, message: string, hint: string): Problem {
  return { code: 'bad_page', message: `the page ${message}`, where, hint }
}
