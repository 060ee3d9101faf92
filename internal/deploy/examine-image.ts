/** Dockerfiles against the configuration. */

import {
  environmentOf,
  lastOf,
  listForm,
  readDockerfile,
  type Instruction,
  type Recipe,
} from './dockerfile.ts'
import {
  deafListener,
  isRootName,
  unusableSignal,
  wrongCheck,
  type Disagreement,
  type Fault,
} from './examine-words.ts'
import {
  configsOf,
  flagOf,
  mentionsProgram,
  argumentsOf,
  scriptOf,
  startOf,
  type Start,
} from './image-start.ts'
import { containerUser, isSpawned, type Plan } from './plan.ts'
import { serveWords, wordList, type DeployFile } from './text.ts'

/** What names a Dockerfile, in every tool that reads one. */
export function isDockerfile(path: string): boolean {
  return /(^|\/)(Dockerfile|Containerfile)$/.test(path)
}

/** Whether an image is one with the gateway in it, and not some other of the project. */
export function holdsGateway({ text }: DeployFile): boolean {
  return readDockerfile(text).all.some((each) => mentionsProgram(each.text))
}

/** The image of a gateway. @param isToldHost whether some other file sets the address it listens on */
export function examineImage(file: DeployFile, plan: Plan, isToldHost: boolean): readonly Disagreement[] {
  const recipe = readDockerfile(file.text)
  const start = startOf(recipe.last)
  const found: Finder = (by, problem) => ({
    code: 'deploy_image',
    where: by === undefined ? file.path : `${file.path}:${by.line}`,
    ...problem,
  })
  return [
    ...musl(recipe, found),
    ...(start === null ? [] : [...shell(start, plan, found), ...development(start, plan, found)]),
    ...(start === null || isToldHost ? [] : address(start, recipe, plan, found)),
    ...port(start, recipe, plan, found),
    ...noProgram(start, recipe, found),
    ...rootUser(recipe, plan, found),
    ...stopSignal(recipe, found),
    ...check(start, recipe, plan, found),
  ]
}

type Finder = (
  by: Instruction | undefined,
  problem: Omit<Disagreement, 'code' | 'where'> & { code?: string },
) => Disagreement

function musl({ base }: Recipe, found: Finder): readonly Disagreement[] {
  if (!/alpine/.test(base)) return []
  const hint = 'take a base image with glibc: python:3.13-slim, debian, ubuntu'
  return [
    found(undefined, {
      state: 'FAIL',
      message: `the executable does not run on ${base}: it has musl instead of glibc`,
      hint,
    }),
  ]
}

function shell({ words, by }: Start, plan: Plan, found: Finder): readonly Disagreement[] {
  const hint = `write ${by.name} ${commandOf(plan)}`
  if (/^\[\s*'/.test(by.text))
    return [
      found(by, {
        state: 'FAIL',
        message: 'a list in single quotes is no list: a shell looks for a program of that name',
        hint,
      }),
    ]
  const script = scriptOf(words)
  if (script === null || /(^|[;&|]\s*)exec\s+\S*fluxlit/.test(script)) return []
  const message = 'a shell is process 1, and whether SIGTERM reaches the gateway depends on which one'
  return [found(by, { state: 'WARN', message, hint })]
}

function development({ words, by }: Start, plan: Plan, found: Finder): readonly Disagreement[] {
  if (argumentsOf(words)[0] !== 'dev') return []
  const message = '`fluxlit dev` watches files and shows tracebacks to whoever asks'
  return [found(by, { state: 'FAIL', message, hint: `write ${by.name} ${commandOf(plan)}` })]
}

function commandOf(plan: Plan): string {
  return wordList(['fluxlit', ...serveWords(plan)])
}

function address(
  { words, by }: Start,
  { last }: Recipe,
  { config }: Plan,
  found: Finder,
): readonly Disagreement[] {
  const host = flagOf(words, '--host') ?? environmentOf(last, 'FLUXLIT_GATEWAY_HOST') ?? config.listen.host
  const problem = deafListener(host)
  return problem === null ? [] : [found(by, { ...problem, hint: 'write ENV FLUXLIT_GATEWAY_HOST=::' })]
}

function port(start: Start | null, { last }: Recipe, plan: Plan, found: Finder): readonly Disagreement[] {
  const given = last.filter(({ name }) => name === 'EXPOSE')
  const ports = given.flatMap(({ text }) => text.split(/\s+/)).map((word) => word.replace(/\/tcp$/i, ''))
  const flag = start === null ? null : flagOf(start.words, '--port')
  const told = flag ?? environmentOf(last, 'FLUXLIT_GATEWAY_PORT')
  const expected = told === null ? [plan.config.listen.port, plan.port].map(String) : [told]
  if (ports.length === 0 || ports.some((each) => expected.includes(each) || !/^\d+$/.test(each))) return []
  const message = `EXPOSE says ${ports.join(' and ')}, and the gateway listens on ${expected.at(-1)}`
  const hint = `write EXPOSE ${expected.at(-1)}, or change gateway_port`
  return [found(given.at(-1), { code: 'deploy_port', state: 'WARN', message, hint })]
}

function noProgram(start: Start | null, { last, base }: Recipe, found: Finder): readonly Disagreement[] {
  if (start === null || /fluxlit/.test(base) || last.some((each) => brings(each, start))) return []
  const hint = 'write COPY fluxlit /usr/local/bin/fluxlit, with the executable beside the Dockerfile'
  return [found(start.by, { state: 'WARN', message: 'nothing puts the executable into the image', hint })]
}

/** Copied by its name, with an environment that it was installed into, or from beside the apps. */
function brings({ name, text }: Instruction, { words }: Start): boolean {
  if (name === 'RUN') return mentionsProgram(text) || /\b(pip|uv|poetry|pdm)\b/.test(text)
  if (name !== 'COPY' && name !== 'ADD') return false
  if (mentionsProgram(text) || /--from=\S+\s+\/(\S*venv|opt)\b/.test(text)) return true
  return /^(--\S+\s+)*\.\/?\s/.test(text) && words.some((word) => /^\.?\/(?!usr).*\bfluxlit$/.test(word))
}

function rootUser({ last, base }: Recipe, { config }: Plan, found: Finder): readonly Disagreement[] {
  const user = lastOf(last, 'USER')
  // Who gives workers accounts of their own needs a gateway that may do so.
  if (config.workers.some((worker) => isSpawned(worker) && worker.run.user !== null)) return []
  // Without the instruction it is that of the base image, which is known of these.
  const isRoot = user === undefined ? /(^|\/)(python|debian|ubuntu)[:@]/.test(base) : isRootName(user.text)
  if (!isRoot) return []
  const message = 'the gateway and all apps run as root'
  return [
    found(user, {
      state: 'WARN',
      message,
      hint: `write USER ${containerUser}:${containerUser} before the command`,
    }),
  ]
}

function stopSignal({ last }: Recipe, found: Finder): readonly Disagreement[] {
  const by = lastOf(last, 'STOPSIGNAL')
  const problem = by === undefined ? null : unusableSignal(by.text)
  return problem === null ? [] : [found(by, { ...problem, hint: 'write STOPSIGNAL SIGTERM' })]
}

function check(start: Start | null, { last }: Recipe, plan: Plan, found: Finder): readonly Disagreement[] {
  const by = lastOf(last, 'HEALTHCHECK')
  const files = start === null ? [] : configsOf(start.words)
  const words = wordList(['fluxlit', 'healthcheck', ...files.flatMap((file) => ['-c', file])])
  const hint = `write HEALTHCHECK --timeout=6s --start-period=${plan.startS}s CMD ${words}`
  if (by === undefined)
    return start === null
      ? []
      : [
          found(by, {
            state: 'WARN',
            message: 'the engine is not told how to ask whether the gateway is ready',
            hint,
          }),
        ]
  const text = by.text.replace(/^(--\S+\s+)*/, '').replace(/^CMD\s+/i, '')
  const asked = listForm(text) ?? [text]
  const hasCurl = last.some(({ name, text: line }) => name === 'RUN' && /\b(curl|wget)\b/.test(line))
  const problem = wrongCheck(asked, hasCurl) ?? otherFile(asked, files)
  return problem === null ? [] : [found(by, { ...problem, hint })]
}

/** A gateway is found by its configuration. */
function otherFile(asked: readonly string[], files: readonly string[]): Fault | null {
  const named = configsOf(asked)
  if (!asked.some(mentionsProgram) || flagOf(asked, '--socket') !== null) return null
  if (named.join(' ') === files.join(' ') || (isUsual(named) && isUsual(files))) return null
  const other = named.join(' ') || 'fluxlit.toml'
  return {
    state: 'FAIL',
    message: `the check asks the gateway of ${other}, and the one that is started has ${files.join(' ') || 'fluxlit.toml'}`,
  }
}

function isUsual(paths: readonly string[]): boolean {
  return paths.every((path) => /(^|\/)fluxlit\.toml$/.test(path))
}
