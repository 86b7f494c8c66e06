import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stackEnvironment, stackScript } from './stack.ts';

/**
 * Starts a stack for the tests, and answers the function that ends it. Who writes tests may have one that stays: a
 * running stack's state folder in GENWATCH_E2E_STATE_DIR.
 */
export default function globalSetup(): (() => void) | undefined {
  if (process.env.GENWATCH_E2E_STATE_DIR !== undefined) return undefined;
  const stateDir = mkdtempSync(join(tmpdir(), 'genwatch-e2e.'));
  process.env.GENWATCH_E2E_STATE_DIR = stateDir;
  execFileSync(stackScript, ['start'], {
    env: stackEnvironment(stateDir),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return () => {
    execFileSync(stackScript, ['stop'], {
      env: { ...process.env, STATE_DIR: stateDir },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    rmSync(stateDir, { recursive: true, force: true });
  };
}
