/**
 * The way from a browser to the gateway, hop by hop: a page, a WebSocket and the head of an upload are sent to the
 * public address, and again to the gateway itself when it runs here. What works there and not here is broken in
 * between, and how it is broken says by what.
 */

import type { Config, RoutedWorker } from '../../config/config.ts'
import { failures } from '../../fault/failure.ts'
import { passed, type Check, type Finding } from './finding.ts'
import { askOutside, knock, type Reply } from './outside-request.ts'

/** Milliseconds in which the head of an upload is answered unless somebody collects the body first. */
const headMs = 3000

/** A fix of a proxy, in the words of the one that is most common. */
interface Cure {
  readonly fix: string
  /** Lines for nginx. */
  readonly nginx: readonly string[]
}

const upgradeCure: Cure = {
  fix: 'let the proxy in front pass WebSockets on; for nginx, in the location:',
  nginx: [
    'proxy_http_version 1.1;',
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_set_header Connection "upgrade";',
  ],
}
const hostCure: Cure = {
  fix: 'let the proxy in front pass on the host the browser asked for; for nginx, in the location:',
  nginx: ['proxy_set_header Host $http_host;'],
}
const bufferingCure: Cure = {
  fix: 'let the proxy in front pass uploads on as they come; for nginx, in the location:',
  nginx: ['proxy_request_buffering off;'],
}

/** Everything that can be seen from outside. */
export const checkOutside: Check = async ({ url, config }) => {
  if (url === null) return []
  const base = new URL(url.href.endsWith('/') ? url.href : `${url.href}/`)
  const alive = await askOutside(new URL('__fluxlit/livez', base))
  const reached = reachFinding(alive, base)
  if (reached.state === 'FAIL') return [reached]
  const streamlit = config.workers.find((worker) => worker.kind === 'streamlit')
  const findings = [
    reached,
    await pageFinding(base),
    ...(streamlit === undefined ? [] : [await socketFinding(base, streamlit, config)]),
    ...(await uploadFindings(base, config)),
  ]
  return findings
}

function reachFinding(reply: Reply, base: URL): Finding {
  if (reply.kind === 'answer' && reply.status === 200 && reply.body.includes('"status":"ok"'))
    return passed('url_reached', `${base.href} leads to a gateway${through(reply)}`)
  if (reply.kind === 'failed' || reply.kind === 'silence') {
    const reason = reply.kind === 'silence' ? 'nobody answers' : reply.message
    const fix =
      reply.kind === 'failed' && reply.code.includes('CERT')
        ? 'renew or complete the certificate of what listens there'
        : 'check the name, the port and the firewall, and that the gateway and what is in front of it run'
    return {
      code: 'url_unreachable',
      state: 'FAIL',
      message: `${base.href} cannot be reached: ${reason}`,
      fix,
    }
  }
  const status = reply.kind === 'answer' ? reply.status : 101
  return {
    code: 'url_elsewhere',
    state: 'FAIL',
    message: `${base.href} does not lead to a gateway: ${serverOf(reply)} answers __fluxlit/livez with ${status}`,
    fix: badGateway(status)
      ? 'let the proxy in front lead to the address the gateway listens on, and see that it runs'
      : 'let the proxy in front lead to the gateway; below a path, set root_path and pass the whole path on',
  }
}

function badGateway(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}

async function pageFinding(base: URL): Promise<Finding> {
  const reply = await askOutside(base, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
  if (reply.kind !== 'answer')
    return {
      code: 'url_page',
      state: 'FAIL',
      message: `${base.href} does not answer`,
      fix: 'see the log of the gateway',
    }
  if (reply.status < 400) return passed('url_page', `${base.href} answers with ${reply.status}`)
  if (codeOf(reply) === 'misdirected_host' || reply.status === 421) return wrongHost(reply, base)
  return {
    code: 'url_page',
    state: 'FAIL',
    message: `${base.href} answers with ${reply.status}, from ${whose(reply)}`,
    fix: isOurs(reply)
      ? 'see `fluxlit status`, and the log'
      : 'see the log of what is in front of the gateway',
  }
}

async function socketFinding(base: URL, worker: RoutedWorker, config: Config): Promise<Finding> {
  const place = `${worker.mount === '/' ? '' : `${worker.mount.slice(1)}/`}_stcore/stream`
  const reply = await knock(new URL(place, base))
  if (reply.kind === 'upgraded' && reply.isValid)
    return passed('url_websocket', `a WebSocket to worker ${worker.name} can be opened${through(reply)}`)
  if (reply.kind === 'answer' && isOurs(reply) && codeOf(reply) === 'bad_origin')
    return wrongHost(reply, base)
  const inside = await knockInside(place, config)
  return {
    ...brokenSocket(reply, base),
    message: `${brokenSocket(reply, base).message}${insideWords(inside)}`,
  }
}

/** The same at the gateway itself; null when it does not run here. */
async function knockInside(place: string, { listen, rootPath, tls }: Config): Promise<Reply | null> {
  if (listen.port === 0) return null
  const host = ['0.0.0.0', '::'].includes(listen.host) ? 'localhost' : listen.host
  const name = host.includes(':') ? `[${host}]` : host
  const reply = await knock(
    new URL(`${tls === null ? 'http' : 'https'}://${name}:${listen.port}${rootPath}/${place}`),
  )
  return reply.kind === 'failed' || reply.kind === 'silence' ? null : reply
}

function insideWords(inside: Reply | null): string {
  if (inside === null) return ''
  return inside.kind === 'upgraded'
    ? '; at the gateway itself it can, so it is lost in front of it'
    : '; at the gateway itself it cannot either'
}

function brokenSocket(reply: Reply, base: URL): Finding {
  const code = 'url_websocket'
  const no = `a WebSocket to ${base.href} cannot be opened`
  if (reply.kind === 'silence' || reply.kind === 'failed')
    return { code, state: 'FAIL', message: `${no}: no answer`, ...cured(upgradeCure) }
  if (reply.kind === 'upgraded')
    return { code, state: 'FAIL', message: `${no}: the agreement is not one`, ...cured(upgradeCure) }
  // A refusal of the gateway that is meant says so; anything else is the answer to a plain request.
  const problem = isOurs(reply) ? codeOf(reply) : null
  if (problem !== null && reply.status !== 404 && reply.status !== 426) {
    const fix = 'see `fluxlit status`, docs/errors.md and the log'
    return {
      code,
      state: 'FAIL',
      message: `${no}: the gateway refuses it with ${reply.status} ${problem}`,
      fix,
    }
  }
  const reason = isOurs(reply)
    ? `it arrives at the gateway as a plain request (${reply.status}): the headers Upgrade and Connection are lost`
    : `${serverOf(reply)} answers it with ${reply.status}`
  return { code, state: 'FAIL', message: `${no}: ${reason}`, ...cured(upgradeCure) }
}

function wrongHost(reply: Reply, base: URL): Finding {
  return {
    code: 'url_host',
    state: 'FAIL',
    message: `the gateway does not see the host ${base.host} that was asked for${through(reply)}: it takes the page for one of another site`,
    ...cured(hostCure),
    fix: `${hostCure.fix.replace(/:$/, '')} (or name it in public_base_url or allowed_hosts):`,
  }
}

/** Only the head of an upload is sent: the gateway answers it at once, whatever its size. */
async function uploadFindings(base: URL, config: Config): Promise<readonly Finding[]> {
  const most = Math.max(
    0,
    ...config.workers.map((worker) => ('maxBodyBytes' in worker ? worker.maxBodyBytes : 0)),
  )
  const place = new URL('__fluxlit/livez', base)
  const head = (length: number, beginning: Buffer): Promise<Reply> =>
    askOutside(place, {
      method: 'POST',
      headers: { 'content-length': String(length), 'content-type': 'application/octet-stream' },
      beginning,
      patienceMs: headMs,
    })
  const small = await head(1024, Buffer.alloc(512))
  const large = most === 0 ? null : await head(most, Buffer.alloc(0))
  return [
    small.kind === 'answer'
      ? passed('url_uploads', 'uploads are passed on as they come')
      : {
          code: 'url_buffering',
          state: 'WARN',
          message:
            'what is in front of the gateway collects an upload before it passes it on: progress is not seen, and its limits and time-outs hold',
          ...cured(bufferingCure),
        },
    ...(large === null ? [] : [sizeFinding(large, most)]),
  ]
}

function sizeFinding(reply: Reply, most: number): Finding {
  const mebibytes = Math.ceil(most / 2 ** 20)
  if (reply.kind !== 'answer' || reply.status !== 413 || isOurs(reply))
    return passed('url_body_limit', `uploads of up to ${mebibytes} MiB are not refused on the way`)
  return {
    code: 'url_body_limit',
    state: 'FAIL',
    message: `${serverOf(reply)} refuses uploads that the gateway would take: of ${mebibytes} MiB and perhaps smaller ones`,
    ...cured({
      fix: 'raise the limit of the proxy in front; for nginx, in the server:',
      nginx: [`client_max_body_size ${mebibytes}m;`],
    }),
  }
}

function cured({ fix, nginx }: Cure): { readonly fix: string; readonly detail: readonly string[] } {
  return { fix, detail: nginx }
}

/** Every answer of the gateway has an id; what a proxy answers itself has none. */
function isOurs(reply: Reply): boolean {
  return (reply.kind === 'answer' || reply.kind === 'upgraded') && reply.headers['x-request-id'] !== undefined
}

function whose(reply: Reply): string {
  return isOurs(reply) ? 'the gateway' : serverOf(reply)
}

/** The program that answered, by what it says of itself. */
function serverOf(reply: Reply): string {
  const headers = reply.kind === 'answer' || reply.kind === 'upgraded' ? reply.headers : {}
  const name = headers['server'] ?? headers['via']
  return name === undefined ? 'something in front of the gateway' : String(name).slice(0, 80)
}

/** `, through nginx/1.22.1`. */
function through(reply: Reply): string {
  const headers = reply.kind === 'answer' || reply.kind === 'upgraded' ? reply.headers : {}
  const name = headers['server'] ?? headers['via']
  return name === undefined ? '' : `, through ${String(name).slice(0, 80)}`
}

/** The code of one of the gateway's own refusals, in whichever form it was written. */
function codeOf(reply: Reply): string | null {
  if (reply.kind !== 'answer') return null
  const written = /"code":"([a-z_]+)"|<dt>Code<\/dt><dd>([a-z_]+)</.exec(reply.body)
  if (written !== null) return written[1] ?? written[2] ?? null
  const spoken = Object.entries(failures).find(([, [, , sentence]]) => reply.body.startsWith(sentence))
  return spoken?.[0] ?? null
}
