/** Cases: by a grammar, from the byte matrix, and either with changes. */

import { answerCases } from '../matrix/answers.ts'
import { requestCases } from '../matrix/cases.ts'
import { framed } from './bodies.ts'
import { fieldLines } from './fields.ts'
import { mutated } from './mutate.ts'
import type { Random } from './random.ts'

const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'QUERY',
  'PROPFIND',
  'MKCALENDAR',
  'UNLINK',
]
const oddMethods = [
  'get',
  'FOO',
  'CONNECT',
  'TRACE',
  'PRI',
  'M-SEARCH',
  'SOURCE',
  'DESCRIBE',
  'GE',
  'POSTX',
  '',
]
const targets = [
  '/',
  '/x',
  '/a/b?c=d',
  '/%2f',
  '*',
  'http://a/',
  'http://a:8000/x?y',
  'http://[::1]/',
  "/!$&'()*+,;=:@~",
]
const oddTargets = [
  '//',
  '/#f',
  '/\x80',
  '/ x',
  'x',
  '',
  '*x',
  'a:80',
  'http://',
  'http:///',
  'http://a b/',
  'http://u@a/',
  'http://a"/',
  'ht-tp://a',
  '?',
  'http://a?x',
  'http://@/',
  'http://a@b@c/',
  'http://a/\x7f',
  '/\\',
  'http://{}/',
]
const versions = [
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'http/1.1',
  'HTTP/1.10',
  'HTTP/1.1 ',
  '',
  'HTTP/11',
  'ICE/1.0',
  'RTSP/1.0',
]
const statuses = [
  '200',
  '204',
  '304',
  '404',
  '500',
  '206',
  '100',
  '103',
  '101',
  '999',
  '099',
  '20',
  '2000',
  '1xx',
  '600',
  '205',
]
const phrases = [' OK', '', ' ', ' a b', ' \x80', ' \t', '\tOK', '  OK', ' \0', ' a\x01']

/** Requests on one connection. */
export function requests(random: Random): string {
  if (random.chance(30)) return fromCorpus(random, requestCorpus)
  const text = random
    .several(1, 3, () => request(random))
    .join(random.chance(95) ? '' : random.pick(['\r\n', '\n', '\r', ' ']))
  return random.chance(40) ? mutated(text, random) : text
}

/** What a worker sends for one request, and what it was asked with. */
export interface AnswerBytes {
  readonly method: string
  readonly bytes: string
}

/** One answer, perhaps with interim ones in front and something behind. */
export function answers(random: Random): AnswerBytes {
  const method = random.chance(85) ? 'GET' : 'HEAD'
  if (random.chance(25)) return { method, bytes: fromCorpus(random, answerCorpus) }
  const interim = random.chance(10)
    ? random.pick(['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 E\r\nLink: a\r\n\r\n'])
    : ''
  const text = interim + answer(random) + (random.chance(90) ? '' : answer(random))
  return { method, bytes: random.chance(40) ? mutated(text, random) : text }
}

function request(random: Random): string {
  const body = framed(random)
  const method = random.chance(95) ? random.pick(methods) : random.pick(oddMethods)
  const target = random.chance(90) ? random.pick(targets) : random.pick(oddTargets)
  const version = random.chance(93) ? 'HTTP/1.1' : random.pick(versions)
  const space = (): string => (random.chance(98) ? ' ' : random.pick(['  ', '\t', '', '\v', '   ']))
  const start = method + space() + target + space() + version
  return `${start}${random.chance(98) ? '\r\n' : random.pick(['\n', '\r', ' \r\n', '\r\r\n'])}${fieldLines(random, body.claim)}\r\n${body.bytes}`
}

function answer(random: Random): string {
  const body = framed(random)
  const version = random.chance(92) ? 'HTTP/1.1' : random.pick(versions)
  const status = random.chance(75) ? '200' : random.pick(statuses)
  const start = `${version} ${status}${random.chance(80) ? ' OK' : random.pick(phrases)}`
  return `${start}${random.chance(98) ? '\r\n' : random.pick(['\n', '\r', '\r\r\n'])}${fieldLines(random, body.claim)}\r\n${body.bytes}`
}

/** Long ones take their time and teach nothing more. */
const maxCorpusBytes = 4_096

const requestCorpus = requestCases
  .map(({ bytes, afterContinue = '' }) => bytes + afterContinue)
  .filter(({ length }) => length <= maxCorpusBytes)
const answerCorpus = answerCases.map((item) => item.answer).filter(({ length }) => length <= maxCorpusBytes)

function fromCorpus(random: Random, corpus: readonly string[]): string {
  const text = random.pick(corpus) + (random.chance(20) ? random.pick(corpus) : '')
  return random.chance(80) ? mutated(text, random) : text
}
