import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../', import.meta.url));

/** Packs the packages as they are built now, and forgets the tarballs afterwards. */
export async function withTarballs(use) {
  const folder = mkdtempSync(join(tmpdir(), 'genwatch-packed.'));
  const pack = (name) => {
    const output = execFileSync(
      'npm',
      ['pack', '--json', '--pack-destination', folder, `./packages/${name}`],
      { cwd: web, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    return join(folder, JSON.parse(output)[0].filename);
  };
  try {
    await use({ client: pack('client'), vue: pack('vue') });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
