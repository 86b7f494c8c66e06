// hold.mjs SOCKET QUEUE: a worker that takes one job and never finishes it. Says so on its standard output.
import { Worker } from 'bullmq'

const [socket, name] = process.argv.slice(2)
new Worker(
  name,
  async () => {
    console.log('taken')
    await new Promise(() => {})
  },
  { connection: { path: socket, maxRetriesPerRequest: null } },
)
