// A server that is not Python: anything that speaks HTTP on the port it is told will do.
import { createServer } from 'node:http'

const port = Number(process.argv[2])

const server = createServer((request, response) => {
  const name = decodeURIComponent((request.url ?? '/').slice(1)) || 'world'
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ hello: name, prefix: request.headers['x-forwarded-prefix'] ?? '' }))
})

server.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
