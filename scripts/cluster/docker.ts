/**
 * Stands in for `docker` while the documented commands run: `build` makes the image of the Dockerfile in the working
 * directory from what is on this machine and hands it to the node, `push` has nowhere to go.
 *
 *   CLUSTER_STATE=... docker build --tag NAME .
 */

import { join } from 'node:path'

import { Images, importImage } from './image.ts'

const [verb, ...words] = process.argv.slice(2)
const state = process.env['CLUSTER_STATE']
if (state === undefined) throw new Error('CLUSTER_STATE is not set')

if (verb === 'build') {
  const name = words[words.indexOf('--tag') + 1] ?? ''
  const archive = await new Images(join(state, 'images')).gateway(name, process.cwd())
  importImage(join(state, 'containerd.sock'), archive)
} else if (verb !== 'push') {
  throw new Error(`docker ${verb} is not known here`)
}
