import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { stackScript } from './stack.ts';

export default function globalTeardown(): void {
  const stateDir = process.env.GENWATCH_E2E_STATE_DIR;
  if (stateDir === undefined) return;
  execFileSync(stackScript, ['stop'], {
    env: { ...process.env, STATE_DIR: stateDir },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  rmSync(stateDir, { recursive: true, force: true });
}
