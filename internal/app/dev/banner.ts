/** What is shown once everything runs. */

import { styleText } from 'node:util'
import type { WorkerConfig } from '../../config/config.ts'
import { keyHelp } from './keys.ts'
import type { Versions } from './versions.ts'

/** One line of the banner. */
export interface BannerWorker {
  readonly config: WorkerConfig
  readonly versions: Versions
  /** Milliseconds from its start to its first answer; null when it does not answer. */
  readonly readyMs: number | null
}

/** Everything in the banner. */
export interface BannerInput {
  /** Where browsers reach the gateway, root path included. */
  readonly url: string
  readonly workers: readonly BannerWorker[]
  /** Sentences that must not be missed, such as another port. */
  readonly notices: readonly string[]
  /** What happens when a file changes, in words. */
  readonly watching: string
  readonly hasKeys: boolean
  readonly colour: boolean
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

/** The banner, several lines with a line break each. */
export function renderBanner(input: BannerInput): string {
  const paint = painter(input.colour)
  const states = input.workers.map(({ config, versions, readyMs }): [string, string] => [
    config.name,
    [readyMs === null ? paint('red', 'not ready') : `ready in ${seconds(readyMs)}`, words(versions)]
      .filter((text) => text !== '')
      .join('  '),
  ])
  return [
    '',
    renderUrls(input.url, configsOf(input), input.colour).trimEnd(),
    '',
    ...columns(states, paint),
    '',
    ...input.notices.map((notice) => `  ${paint('yellow', notice)}`),
    `  ${paint('gray', input.watching)}`,
    ...(input.hasKeys ? [`  ${paint('gray', 'press')} h ${paint('gray', 'for help')}`] : []),
    '',
  ]
    .map((line) => `${line}\n`)
    .join('')
}

/** The addresses worth opening. */
export function renderUrls(url: string, workers: readonly WorkerConfig[], colour: boolean): string {
  const paint = painter(colour)
  const rows = workers.flatMap((worker): (readonly [string, string])[] => {
    if (worker.kind === 'process') return []
    const address = url + (worker.mount === '/' ? '/' : `${worker.mount}/`)
    return [[labelOf(worker), paint('cyan', worker.kind === 'uvicorn' ? `${address}docs` : address)]]
  })
  const health = ['Health', paint('cyan', `${url}/__fluxlit/readyz`)] as const
  return columns([...rows, health], paint)
    .map((line) => `${line}\n`)
    .join('')
}

/** The address `o` opens: the page at the root, or the first there is. */
export function pageUrl(url: string, workers: readonly WorkerConfig[]): string {
  const mounts = workers.flatMap((worker) => (worker.kind === 'process' ? [] : [worker.mount]))
  const mount = mounts.find((each) => each === '/') ?? mounts[0] ?? '/'
  return url + (mount === '/' ? '/' : `${mount}/`)
}

/** The keys and what they do. */
export function renderHelp(colour: boolean): string {
  return `${columns(keyHelp, painter(colour)).join('\n')}\n`
}

function configsOf({ workers }: BannerInput): readonly WorkerConfig[] {
  return workers.map(({ config }) => config)
}

function labelOf(worker: WorkerConfig): string {
  if (worker.kind === 'streamlit') return `UI (${worker.name})`
  return worker.kind === 'uvicorn' ? `API docs (${worker.name})` : worker.name
}

function columns(rows: readonly (readonly [string, string])[], paint: Paint): readonly string[] {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${paint('bold', first.padEnd(width))}  ${second}`)
}

function words(versions: Versions): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function painter(colour: boolean): Paint {
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
}
