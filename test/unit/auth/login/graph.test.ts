import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { LoginDesk, type LoginUnderTest } from '../../../support/login-desk.ts'
import { OddProvider } from '../../../support/odd-provider.ts'
import { upstream } from '../../../support/upstream.ts'

/** Microsoft Graph as far as it is asked: two pages of groups. */
async function graph(t: TestContext, next: (url: string) => string = (url) => url) {
  const asked: string[] = []
  const server = await upstream(t, (request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`)
    const isFirst = request.url?.includes('page=2') !== true
    const value = isFirst ? [{ id: 'id-1', displayName: 'Finance' }] : [{ id: 'id-2', displayName: 'Audit' }]
    const link = { '@odata.nextLink': next(`${server.url}/v1.0/me/transitiveMemberOf?page=2`) }
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ value, ...(isFirst ? link : {}) }))
  })
  return { url: server.url, asked }
}

async function groupsOf(t: TestContext, oidc: LoginUnderTest['oidc'], claims: Record<string, unknown> = {}) {
  const provider = await OddProvider.start(t)
  provider.claims = { ...provider.claims, ...claims }
  const visitor = LoginDesk.open(t, provider, { oidc: { preset: 'entra', ...oidc } }).visitor()
  assert.equal((await visitor.signIn()).status, 303)
  const credential = await visitor.who()
  return credential.kind === 'identity' ? credential.identity.groups : credential.kind
}

const overage = { groups: undefined, _claim_names: { groups: 'src1' } }

test('more groups than a token takes are asked of Graph, all pages of them', async (t) => {
  const { url, asked } = await graph(t)
  assert.deepEqual(await groupsOf(t, { groupsFrom: 'graph_on_overage', graphUrl: url }, overage), [
    'id-1',
    'id-2',
  ])
  assert.equal(asked.length, 2)
  assert.match(asked[0] ?? '', /^\/v1\.0\/me\/transitiveMemberOf\/microsoft\.graph\.group\?.* Bearer [\w-]+$/)
})

test('without that nobody is in any group, and Graph is not asked', async (t) => {
  const { url, asked } = await graph(t)
  assert.deepEqual(await groupsOf(t, { graphUrl: url }, overage), [])
  assert.deepEqual(await groupsOf(t, { groupsFrom: 'graph_on_overage', graphUrl: url }), ['staff'])
  assert.deepEqual(asked, [])
})

test('groups go by their names where that is wanted', async (t) => {
  const { url } = await graph(t)
  assert.deepEqual(await groupsOf(t, { groupsFrom: 'graph', groupNames: true, graphUrl: url }), [
    'Finance',
    'Audit',
  ])
})

test('a Graph that is broken signs people in without groups', async (t) => {
  const { url } = await upstream(t, (_request, response) => response.writeHead(403).end('{}'))
  assert.deepEqual(await groupsOf(t, { groupsFrom: 'graph', graphUrl: url }), [])
})

test('the token goes to no other host, whatever Graph says', async (t) => {
  const thief = await graph(t)
  const { url } = await graph(t, () => `${thief.url}/v1.0/me`)
  assert.deepEqual(await groupsOf(t, { groupsFrom: 'graph', graphUrl: url }), [])
  assert.deepEqual(thief.asked, [])
})
