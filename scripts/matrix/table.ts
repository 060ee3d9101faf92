/** The byte matrix as Markdown. What does not come from a run is a function of the cases alone. */

import type { AnswerCase, AnswerOutcome } from '../../test/matrix/answer-case.ts'
import type { Expected, Outcome, RequestCase } from '../../test/matrix/case.ts'
import type { PeerVerdict } from '../../test/matrix/peers.ts'

/** What a run found out about one case: per place the failures of each delivery, per peer what it made of it. */
export interface Result {
  readonly places: readonly (readonly (string | null)[])[]
  readonly peers: readonly (PeerVerdict | null)[]
}

/** The beginning of a request's row: id, what is sent, what must come of it. A test holds the page to it. */
export function requestRow({ id, title, outcome }: RequestCase): string {
  return `| ${id} | ${safe(title)} | ${safe(required(outcome))} |`
}

/** The beginning of an answer's row. */
export function answerRow({ id, title, outcome }: AnswerCase): string {
  return `| ${id} | ${safe(title)} | ${safe(requiredOf(outcome))} |`
}

/** The rest of a row: a mark per delivery, the peers' verdicts, the source. */
export function resultCells({ places, peers }: Result, source: string): string {
  const marks = places.map((verdicts) => verdicts.map((wrong) => (wrong === null ? '✓' : '✗')).join(''))
  return ` ${[...marks, ...peers.map(peerCell), safe(source)].join(' | ')} |`
}

/** The first two lines of a table. */
export function tableHead(columns: readonly string[]): string {
  return `| ${columns.join(' | ')} |\n|${columns.map(() => '---').join('|')}|`
}

/** Text that stands in a table as it is, whatever bytes it has. */
export function safe(text: string): string {
  return text
    .replace(/[\\`*_[\]<>|#&~]/g, (sign) => `\\${sign}`)
    .replace(/[^\x20-\x7e]/g, (sign) => `\\\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function required(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'refused':
      return `${outcome.statuses.join(' or ')}, closed`
    case 'broken':
      return `${outcome.statuses.join(' or ')} or cut off, closed; never complete at the worker`
    case 'answered':
      return `${outcome.status} from the gateway`
    case 'upgraded':
      return `passed on, ${whatOf(outcome.request)}`
    case 'forwarded': {
      const [first] = outcome.requests
      const what =
        outcome.requests.length === 1 && first !== undefined
          ? whatOf(first)
          : `${outcome.requests.length} requests`
      const closed = outcome.connection === 'closed' ? ', then closed' : ''
      const or = outcome.or === undefined ? '' : `; or ${required(outcome.or)}`
      return `passed on, ${what}${closed}${or}`
    }
  }
}

/** Request line, body and fields at the worker, shortened. */
function whatOf({ start, body, fields = {}, own = {}, host }: Expected): string {
  const line = short(start.replace(/ HTTP\/1\.1$/, ''), 40)
  const shownFields = Object.entries({ ...(typeof host === 'string' ? { host } : {}), ...fields, ...own })
    .slice(0, 3)
    .map(([name, value]) => `${name}: ${short([value].flat().join(' and '), 40)}`)
  const payload = body === undefined ? [] : [`body ${short(JSON.stringify(body), 30)}`]
  return [line, ...payload, ...shownFields].join(', ')
}

function requiredOf(outcome: AnswerOutcome): string {
  switch (outcome.kind) {
    case 'relayed': {
      const fields = Object.entries(outcome.fields).map(
        ([name, value]) => `, ${name}: ${short([value].flat().join(' and '), 40)}`,
      )
      return `${outcome.status}, body ${JSON.stringify(outcome.body)}${fields.join('')}${outcome.or502 === true ? '; or 502' : ''}`
    }
    case 'replaced':
      return '502 from the gateway'
    case 'cut':
      return '502, or visibly cut off'
  }
}

function peerCell(verdict: PeerVerdict | null): string {
  if (verdict === null) return ''
  if (verdict.passed > 0) return 'passes'
  return String(verdict.statuses[0] ?? 'closes')
}

function short(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text
}
