/** The bench's own upstream as a process: events, WebSockets, uploads. Arguments: socket path, TCP port. */

import type { Socket } from 'node:net'
import { createServer } from 'node:net'

import { Connection } from './connection.ts'
import { Events } from './events.ts'

const shared = { events: new Events(), sockets: new Set<Socket>() }
const [path = '', port = ''] = process.argv.slice(2)
const serve = (socket: Socket): Connection => new Connection(socket, shared)
createServer(serve).listen({ path, backlog: 4096 })
createServer(serve).listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 })
