/** The help texts of the executable, read back into what they are made of: the manual is written from them. */

import { must } from '../../shell/run.mjs'

/** One line of a table: a command, a flag, an example. */
export interface Row {
  readonly term: string
  readonly text: string
}

/** What one `--help` says. */
export interface Help {
  /** `fluxlit serve [target]` */
  readonly usage: string
  readonly about: string
  readonly commands: readonly Row[]
  readonly positionals: readonly Row[]
  readonly options: readonly Row[]
  readonly examples: readonly Row[]
  /** What stands below the tables. */
  readonly end: string
}

/** Everything there is: the program's help, and that of each command. */
export interface HelpOfAll {
  readonly program: Help
  /** In the order of the program's list; the name is the first word after `fluxlit`. */
  readonly commands: readonly { readonly name: string; readonly help: Help }[]
}

/** Asks the executable. */
export async function readHelp(executable: string): Promise<HelpOfAll> {
  const program = parseHelp(await ask(executable, ['--help']))
  const names = program.commands.map(({ term }) => term.split(' ')[1] ?? '')
  const commands = await Promise.all(
    names.map(async (name) => ({ name, help: parseHelp(await ask(executable, [name, '--help'])) })),
  )
  return { program, commands }
}

function ask(executable: string, args: readonly string[]): Promise<string> {
  return must(`fluxlit ${args.join(' ')}`, executable, args, { env: { NO_COLOR: '1' } })
}

/** Reads one text as yargs lays it out; exported for its test. */
export function parseHelp(text: string): Help {
  const parts = text.trimEnd().split(/\n\n/)
  const [usage = '', about = ''] = parts
  const table = (title: string): readonly Row[] => {
    const part = parts.find((candidate) => candidate.startsWith(`${title}:\n`))
    return part === undefined ? [] : rows(part.split('\n').slice(1))
  }
  const tables = /^(Commands|Positionals|Options|Examples):\n/
  return {
    usage: flow(usage),
    about: flow(about),
    commands: table('Commands'),
    positionals: table('Positionals'),
    options: table('Options'),
    examples: joined(table('Examples')),
    end: parts
      .slice(2)
      .filter((part) => !tables.test(part))
      .map(flow)
      .join('\n\n'),
  }
}

/** A row begins at the margin, a flag without a short form behind the place of one; the rest goes on with a row. */
function rows(lines: readonly string[]): readonly Row[] {
  const found: { term: string; text: string[] }[] = []
  for (const line of lines) {
    const [, term, text = ''] = /^(?: {2}| {6}(?=--))(\S.*?)(?: {2,}(.*))?$/.exec(line) ?? []
    if (term === undefined) found.at(-1)?.text.push(line)
    else found.push({ term, text: [text] })
  }
  return found.map(({ term, text }) => ({ term, text: flow(text.join(' ')) }))
}

/** A long example goes on below itself, also at the margin. What stands beside it does not. */
function joined(examples: readonly Row[]): readonly Row[] {
  return examples.reduce<readonly Row[]>((before, { term, text }) => {
    const last = before.at(-1)
    return text !== '' || last === undefined
      ? [...before, { term, text }]
      : [...before.slice(0, -1), { term: `${last.term} ${term}`, text: last.text }]
  }, [])
}

function flow(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
