/** `fluxlit.1`, in mdoc(7): what `--help` says, in the form `man` shows. */

import type { Help, HelpOfAll, Row } from './help.ts'

/** What the page says beside the help texts. */
export interface ManualFacts {
  readonly version: string
  /** Of the page, in seconds. */
  readonly epoch: number
  /** Exit codes and what they mean, from docs/exit-codes.md. */
  readonly exitCodes: readonly Row[]
  readonly author: string
  readonly homepage: string
}

/** The whole page. */
export function manual({ program, commands }: HelpOfAll, facts: ManualFacts): string {
  const { version, epoch, exitCodes, author, homepage } = facts
  return [
    `.Dd ${mdocDate(epoch)}`,
    '.Dt FLUXLIT 1',
    '.Os',
    '.Sh NAME',
    '.Nm fluxlit',
    `.Nd ${escape(lowerFirst(program.about.replace(/\.$/, '')))}`,
    '.Sh SYNOPSIS',
    ...commands.map(({ help }) => synopsis(help)),
    '.Sh DESCRIPTION',
    ...paragraph(
      'One process that starts the Python workers of an application, watches them, and routes HTTP and WebSockets to them.',
    ),
    ...paragraph(`This page is about version ${version}.`),
    '.Sh COMMANDS',
    ...commands.flatMap(({ name, help }) => commandSection(name, help, commonOptions(program))),
    '.Sh OPTIONS',
    ...list(program.options),
    '.Sh FILES',
    ...list([
      {
        term: 'fluxlit.toml',
        text: 'configuration of the current directory, unless -c names another; fluxlit check prints every value and where it comes from',
      },
      {
        term: '/etc/fluxlit/fluxlit.toml',
        text: 'configuration of the service, where it was installed from a Debian package',
      },
    ]),
    '.Sh EXIT STATUS',
    ...list(exitCodes),
    '.Sh SEE ALSO',
    `.Lk ${homepage}`,
    '.Sh AUTHORS',
    `.An ${escape(author)}`,
    '',
  ].join('\n')
}

/** `| 0 | clean stop |` of the table in docs/exit-codes.md. */
export function readExitCodes(markdown: string): readonly Row[] {
  return markdown
    .split('\n')
    .map((line) => /^\| (\d[^|]*?) \| (.*) \|$/.exec(line))
    .filter((found) => found !== null)
    .map(([, term = '', text = '']) => ({ term, text: text.replaceAll(/[`*]/g, '') }))
}

/** `fluxlit restart [worker..]` as macros: what is in brackets may be left out. */
function synopsis({ usage }: Help): string {
  const words = usage.split(' ').slice(1)
  const macros = words.map((word) => {
    const [, bracket, name, more = ''] = /^([[<])(\w+)(\.\.)?[\]>]$/.exec(word) ?? []
    if (name === undefined) return `Cm ${word}`
    const argument = `Ar ${name}${more === '' ? '' : ' ...'}`
    return bracket === '[' ? `Oo ${argument} Oc` : argument
  })
  return `.Nm fluxlit ${[...macros, 'Oo Ar options Oc'].join(' ')}`
}

/** A name in the list of flags that every command has. */
function commonOptions({ options }: Help): ReadonlySet<string> {
  return new Set(options.map(({ term }) => term))
}

function commandSection(name: string, help: Help, common: ReadonlySet<string>): readonly string[] {
  const options = help.options.filter(({ term }) => !common.has(term))
  const examples = help.examples.flatMap(({ term, text }) => [
    '.Pp',
    ...paragraph(`${sentence(text).slice(0, -1)}:`),
    `.Dl ${escape(term)}`,
  ])
  return [
    `.Ss ${escape(name)}`,
    ...paragraph(sentence(help.about)),
    ...list([...help.commands, ...help.positionals, ...options]),
    ...examples,
    ...(help.end === '' ? [] : ['.Pp', ...paragraph(help.end)]),
  ]
}

function list(rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return []
  const items = rows.flatMap(({ term, text }) => [`.It ${escape(term)}`, ...paragraph(text)])
  return ['.Bl -tag -width 6n', ...items, '.El']
}

/** Running text in lines of at most 80 bytes, which is what tools that show differences expect. */
function paragraph(text: string): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && escape(`${last} ${word}`).length <= 80)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map(escape)
}

/**
 * Text as roff reads it back: a hyphen stays one when it is copied, and nothing at a line's beginning is a request.
 * On the line of a macro a word of one punctuation mark, or the name of a macro, would be more than text.
 */
function escape(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll('"', String.raw`\(dq`)
    .replaceAll(/(^|\s)(['.])/g, String.raw`$1\&$2`)
    .replaceAll(/(^|\s)(?=[A-Z][a-z]\s)/g, String.raw`$1\&`)
    .replaceAll(/(^|\s)([|()[\],:;!?.])(?=\s|$)/g, String.raw`$1\&$2`)
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`
}

function mdocDate(epoch: number): string {
  const date = new Date(epoch * 1000)
  const month = date.toLocaleString('en-GB', { month: 'long', timeZone: 'UTC' })
  return `${month} ${date.getUTCDate()}, ${date.getUTCFullYear()}`
}
