// recovery.mjs SOCKET KILLS: kills workers with SIGKILL while each holds a job, another idle worker of the same queue
// beside it, all with default settings; prints the median seconds until the other one begins the job.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Queue, Worker } from 'bullmq'

const [socket, kills] = [process.argv[2], Number(process.argv[3])]
const connection = { path: socket, maxRetriesPerRequest: null }
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function recovery(number) {
  const name = `recovery-${process.pid}-${number}`
  const queue = new Queue(name, { connection })
  const holder = spawn(process.execPath, [fileURLToPath(new URL('hold.mjs', import.meta.url)), socket, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const taken = once(holder.stdout, 'data')
  await queue.add('held', {})
  await taken
  let begun
  const again = new Promise((resolve) => (begun = resolve))
  const other = new Worker(name, async () => begun(process.hrtime.bigint()), { connection })
  await other.waitUntilReady()
  // Anywhere within a period of the locks' renewal, which is 15 s.
  await sleep((15_000 * (number + 0.5)) / kills)
  const killed = process.hrtime.bigint()
  holder.kill('SIGKILL')
  const seconds = Number((await again) - killed) / 1e9
  await other.close()
  await queue.obliterate({ force: true })
  await queue.close()
  return seconds
}

const all = await Promise.all(Array.from({ length: kills }, (_, number) => recovery(number)))
all.sort((a, b) => a - b)
console.log(all[Math.floor(all.length / 2)].toFixed(2))
