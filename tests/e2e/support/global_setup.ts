import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stackEnvironment, stackScript } from './stack.ts';

export default function globalSetup(): void {
  const stateDir = mkdtempSync(join(tmpdir(), 'genwatch-e2e.'));
  process.env.GENWATCH_E2E_STATE_DIR = stateDir;
  execFileSync(stackScript, ['start'], {
    env: stackEnvironment(stateDir),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
