/** Reads Dockerfiles as far as their examination needs it: instructions with their lines, stage by stage. */

/** One instruction, with its continuation lines and without comments. */
export interface Instruction {
  /** In upper case. */
  readonly name: string
  readonly text: string
  /** Where it begins, from 1. */
  readonly line: number
}

/** What follows one FROM. */
interface Stage {
  readonly base: string
  readonly name: string | null
  readonly instructions: readonly Instruction[]
}

/** The image that comes of a Dockerfile. */
export interface Recipe {
  /** Every instruction of the file, also those of stages that only build. */
  readonly all: readonly Instruction[]
  /** Those that form the image: of the last stage, behind those of stages it continues. */
  readonly last: readonly Instruction[]
  /** The image that all of it begins with. */
  readonly base: string
}

/** Reads a Dockerfile. What is none has no instructions. */
export function readDockerfile(text: string): Recipe {
  const all = instructionsOf(text)
  const stages = stagesOf(all)
  const chain: Stage[] = []
  for (let stage = stages.at(-1); stage !== undefined; stage = parentOf(stage, stages)) chain.unshift(stage)
  return { all, last: chain.flatMap(({ instructions }) => instructions), base: chain[0]?.base ?? '' }
}

/** The last instruction of a name, which is the one that counts. */
export function lastOf(instructions: readonly Instruction[], name: string): Instruction | undefined {
  return instructions.findLast((each) => each.name === name)
}

/** The words of the list form; null for the form that a shell reads. */
export function listForm(text: string): readonly string[] | null {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : null
  } catch {
    return null
  }
}

/** The value that ENV gives a variable; null when it does not. */
export function environmentOf(instructions: readonly Instruction[], name: string): string | null {
  const pair = new RegExp(`(?:^|\\s)${name}(?:=|\\s+)(?:"([^"]*)"|'([^']*)'|(\\S*))`)
  const values = instructions.flatMap(({ name: kind, text }) => {
    const found = kind === 'ENV' ? pair.exec(text) : null
    return found === null ? [] : [found[1] ?? found[2] ?? found[3] ?? '']
  })
  return values.at(-1) ?? null
}

function instructionsOf(text: string): readonly Instruction[] {
  const lines = text.split(/\r?\n/)
  const escape = /^#\s*escape\s*=\s*`/i.test(lines[0] ?? '') ? '`' : '\\'
  const found: Instruction[] = []
  for (let at = 0; at < lines.length;) {
    const line = at + 1
    let whole = ''
    let isOpen = true
    while (isOpen && at < lines.length) {
      const next = (lines[at++] ?? '').trim()
      if (next.startsWith('#') || (next === '' && whole !== '')) continue
      isOpen = next.endsWith(escape)
      whole += isOpen ? `${next.slice(0, -1)} ` : next
    }
    const [, name = '', rest = ''] = /^([A-Za-z]+)\s+([^]*)$/.exec(whole) ?? []
    if (name === '') continue
    found.push({ name: name.toUpperCase(), text: rest.trim(), line: lineOf(lines, line, name) })
    if (/^(RUN|COPY|ADD)$/i.test(name)) at = behindDocuments(lines, at, rest)
  }
  return found
}

/** Comments before an instruction were read with it. */
function lineOf(lines: readonly string[], from: number, name: string): number {
  const index = lines.findIndex((line, at) => at >= from - 1 && line.trimStart().startsWith(name))
  return index === -1 ? from : index + 1
}

/** Skips what `<<NAME` brings along. */
function behindDocuments(lines: readonly string[], at: number, text: string): number {
  for (const [, , mark = ''] of text.matchAll(/<<-?(["']?)(\w+)\1/g)) {
    const end = lines.findIndex((line, index) => index >= at && line.trim() === mark)
    if (end === -1) return lines.length
    at = end + 1
  }
  return at
}

function stagesOf(instructions: readonly Instruction[]): readonly Stage[] {
  const starts = instructions.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []))
  return starts.map((start, number) => {
    const words = (instructions[start]?.text ?? '').split(/\s+/).filter((word) => !word.startsWith('--'))
    const name = words[1]?.toLowerCase() === 'as' ? (words[2] ?? null) : null
    return { base: words[0] ?? '', name, instructions: instructions.slice(start + 1, starts[number + 1]) }
  })
}

function parentOf(stage: Stage, stages: readonly Stage[]): Stage | undefined {
  const earlier = stages.slice(0, stages.indexOf(stage))
  return earlier.findLast(({ name }) => name !== null && name.toLowerCase() === stage.base.toLowerCase())
}
