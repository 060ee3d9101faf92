/** The schema of `[headers]` and of `[workers.NAME.headers]`, which overrides it key by key. */

import * as z from 'zod'

import {
  parseFrameAncestor,
  parseHeaderValue,
  parseReferrerPolicy,
  parseRemoved,
  parseSet,
} from './header-text.ts'
import { maxAgePattern, parseMaxAge } from './max-age.ts'
import { choice, flag, list, noted, optional, readText, textWith } from './scalars.ts'

const frameOptions = ['', 'deny', 'sameorigin'] as const

/** What every key means; the two tables differ only in what holds when it is missing. */
const texts = {
  hsts: [
    'How long browsers that came over https refuse plain http to this host (Strict-Transport-Security); "0s" = not said.',
    'a duration such as "365d" or "8760h" ("0s" = off)',
  ],
  hstsIncludeSubdomains: ['Whether that holds for every subdomain too.', 'true or false'],
  hstsPreload: [
    'Whether browsers may build it in; asks for 365d and subdomains, and is hard to take back.',
    'true or false',
  ],
  contentTypeOptions: [
    'Whether browsers are told to believe the Content-Type (X-Content-Type-Options: nosniff).',
    'true or false',
  ],
  referrerPolicy: [
    'How much of an address other sites are told (Referrer-Policy); "" = not said.',
    'a policy such as "same-origin", or ""',
  ],
  frameOptions: [
    'Which pages may show these in a frame (X-Frame-Options): "" any, "deny" none, "sameorigin" those of this host.',
    '"", "deny" or "sameorigin"',
  ],
  frameAncestors: [
    'Origins whose pages may show these in a frame (Content-Security-Policy: frame-ancestors), instead of frame_options.',
    'a list such as ["\'self\'", "https://portal.example"]',
  ],
  set: [
    'Fields that every answer has, instead of what the application says.',
    'a table of texts such as { Permissions-Policy = "camera=()" }',
  ],
  remove: [
    'Fields of the application that browsers do not get. `Server` never travels on.',
    'a list of header names such as ["X-Powered-By"]',
  ],
} as const

const maxAge = () => readText(parseMaxAge, maxAgePattern)
const referrerPolicy = () => readText(parseReferrerPolicy)
const set = () => z.record(readText(parseSet), readText(parseHeaderValue))

/** `[headers]`. */
export const headersSchema = z.strictObject({
  hsts: noted(maxAge().prefault('0s'), texts.hsts[0], { expects: texts.hsts[1] }),
  hsts_include_subdomains: flag(false, texts.hstsIncludeSubdomains[0]),
  hsts_preload: flag(false, texts.hstsPreload[0]),
  content_type_options: flag(true, texts.contentTypeOptions[0]),
  referrer_policy: textWith(parseReferrerPolicy, 'strict-origin-when-cross-origin', ...texts.referrerPolicy),
  frame_options: choice(frameOptions, '', texts.frameOptions[0]),
  frame_ancestors: list(parseFrameAncestor, ...texts.frameAncestors),
  set: noted(set().prefault({}), texts.set[0], { expects: texts.set[1] }),
  remove: list(parseRemoved, ...texts.remove),
})

const general = 'that of `[headers]`'
const added = 'none, besides those of `[headers]`'

/** `[workers.NAME.headers]`. */
export const workerHeadersSchema = z.strictObject({
  hsts: optional(maxAge(), ...texts.hsts, general),
  hsts_include_subdomains: optional(z.boolean(), ...texts.hstsIncludeSubdomains, general),
  hsts_preload: optional(z.boolean(), ...texts.hstsPreload, general),
  content_type_options: optional(z.boolean(), ...texts.contentTypeOptions, general),
  referrer_policy: optional(referrerPolicy(), ...texts.referrerPolicy, general),
  frame_options: optional(z.enum(frameOptions), ...texts.frameOptions, general),
  frame_ancestors: optional(z.array(readText(parseFrameAncestor)), ...texts.frameAncestors, general),
  set: optional(set(), ...texts.set, added),
  remove: optional(z.array(readText(parseRemoved)), ...texts.remove, added),
})

/** `[headers]` after the schema. */
export type HeadersSettings = z.output<typeof headersSchema>

/** `[workers.NAME.headers]` after the schema: only what was given. */
export type WorkerHeadersSettings = z.output<typeof workerHeadersSchema>
