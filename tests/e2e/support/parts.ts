import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { runningStack, stackScript } from './stack.ts';

/** What the supervisor of the stack keeps alive. */
export type Part = 'http_bridge' | 'progress_service' | 'job_service' | 'generation_service';

/** The process that is the part now; null while it is not there. */
function pidOf(part: Part): number | null {
  const result = spawnSync('supervisorctl', ['-c', `${runningStack().stateDir}/conf/supervisord.conf`, 'status'], {
    encoding: 'utf8',
  });
  const line = result.stdout.split('\n').find((entry) => entry.includes(`:${part} `)) ?? '';
  const pid = /RUNNING +pid (\d+)/.exec(line)?.[1];
  return pid === undefined ? null : Number(pid);
}

/** Kills the process without a warning, as the kernel does when memory is short; the supervisor starts another. */
export function killPart(part: Part): number {
  const pid = pidOf(part);
  if (pid === null) throw new Error(`${part} does not run`);
  process.kill(pid, 'SIGKILL');
  return pid;
}

/** Until another process than the killed one has the part. */
export async function awaitSuccessor(part: Part, killed: number): Promise<void> {
  for (let tries = 0; tries < 150; tries += 1) {
    const pid = pidOf(part);
    if (pid !== null && pid !== killed) return;
    await delay(100);
  }
  throw new Error(`nobody has replaced ${part}`);
}

/** Replaces one part in order, and returns when it is healthy again. */
export function restartPart(part: Part): void {
  execFileSync(stackScript, ['restart', part], {
    env: { ...process.env, STATE_DIR: runningStack().stateDir },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
