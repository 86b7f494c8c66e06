// jobs.mjs SOCKET JOBS CONCURRENCY: adds and processes JOBS no-op jobs of 150 bytes in this process; prints jobs per second.
import { Queue, Worker } from 'bullmq'

const [socket, jobs, concurrency] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const connection = { path: socket, maxRetriesPerRequest: null }
const name = `bench-${process.pid}`
const queue = new Queue(name, { connection })
const data = { prompt: 'x'.repeat(150) }
let done = 0
let finished
const all = new Promise((resolve) => (finished = resolve))
const worker = new Worker(name, async () => 'ok', {
  connection,
  concurrency,
  removeOnComplete: { count: 0 },
})
worker.on('completed', () => {
  if (++done === jobs) finished()
})
await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])

const begin = process.hrtime.bigint()
let added = 0
const add = async () => {
  while (added < jobs) {
    ++added
    await queue.add('noop', data)
  }
}
await Promise.all(Array.from({ length: concurrency }, add))
await all
const seconds = Number(process.hrtime.bigint() - begin) / 1e9
console.log((jobs / seconds).toFixed(1))
await worker.close()
await queue.obliterate({ force: true })
await queue.close()
