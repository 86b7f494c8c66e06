import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

export const stackScript = join(root, 'scripts', 'stack.sh');

/** The environment of a stack of our own: any free ports, the bundled simulator, a folder of its own. */
export function stackEnvironment(stateDir: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    STATE_DIR: stateDir,
    HTTP_PORT: '0',
    JOB_PORT: '0',
    GENERATION_PORT: '0',
    PROGRESS_PORT: '0',
    METRICS_PORT: '0',
    // Nothing answers there: the simulator serves.
    OLLAMA_URL: 'http://127.0.0.1:1',
  };
}

export interface Stack {
  stateDir: string;
  baseUrl: string;
  simulatorUrl: string;
  mariadbSocket: string;
}

/** The stack that the global setup has started. */
export function runningStack(): Stack {
  const stateDir = process.env.GENWATCH_E2E_STATE_DIR;
  if (stateDir === undefined) throw new Error('the global setup has started no stack');
  const values = new Map<string, string>();
  for (const line of readFileSync(join(stateDir, 'stack.env'), 'utf8').split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const value = (name: string): string => {
    const found = values.get(name);
    if (found === undefined || found === '') throw new Error(`stack.env has no ${name}`);
    return found;
  };
  return {
    stateDir,
    baseUrl: value('HTTP_URL').replace(/\/$/, ''),
    simulatorUrl: `http://127.0.0.1:${value('SIMULATOR_PORT')}`,
    mariadbSocket: value('MARIADB_SOCKET'),
  };
}

/** The only row of a query, by column. */
export function sqlRow(query: string): Record<string, string> {
  const stack = runningStack();
  const output = execFileSync(
    'mariadb',
    [`--socket=${stack.mariadbSocket}`, '--batch', '--raw', 'genwatch', '-e', query],
    { encoding: 'utf8' },
  );
  const [names, values] = output.trimEnd().split('\n').map((line) => line.split('\t'));
  return Object.fromEntries(names.map((name, index) => [name, values[index]]));
}
