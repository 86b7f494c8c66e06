// Says whether the packages are fit to be published: their sizes, what their manifests promise, and
// whether TypeScript finds their types. Builds them first.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import './build_packages.mjs';
import { withTarballs } from './tarballs.mjs';

const web = fileURLToPath(new URL('../', import.meta.url));
/** What the card adds to a page that has Vue and the client, styles and English included. */
const MAX_VUE_BYTES = 12 * 1024;

const run = (command, args) => {
  execFileSync(join(web, 'node_modules/.bin', command), args, { cwd: web, stdio: 'inherit' });
};

const gzipped = (file) => gzipSync(readFileSync(file)).length;
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

/** Gzip sizes without dependencies: of what is loaded at once, and of what may follow. */
function sizesOf(name) {
  const dist = join(web, `packages/${name}/dist`);
  const atOnce = new Set(['index.js']);
  for (const file of atOnce) {
    const code = readFileSync(join(dist, file), 'utf8');
    for (const [, next] of code.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g))
      atOnce.add(next);
  }
  const files = readdirSync(dist).filter((file) => /\.(js|css)$/.test(file));
  const sum = (names) => names.reduce((bytes, file) => bytes + gzipped(join(dist, file)), 0);
  const isFirst = (file) => atOnce.has(file) || file.endsWith('.css');
  return {
    atOnce: sum(files.filter(isFirst)),
    later: sum(files.filter((file) => !isFirst(file))),
  };
}

const client = sizesOf('client');
const card = sizesOf('vue');
console.log(`@genwatch/client: ${kilobytes(client.atOnce)} (gzip)`);
console.log(
  `@genwatch/vue: ${kilobytes(card.atOnce)} with its styles (gzip), at most 12; ` +
    `${kilobytes(card.later)} more when asked for`,
);
if (card.atOnce > MAX_VUE_BYTES) {
  console.error('The card is over its budget.');
  process.exitCode = 1;
}

await withTarballs((tarballs) => {
  for (const [name, tarball] of Object.entries(tarballs)) {
    run('publint', ['run', tarball, '--strict']);
    // ES modules only: Node 20.19 requires them, too. Styles have no types.
    run('attw', [
      tarball,
      '--profile',
      'esm-only',
      '--format',
      'ascii',
      ...(name === 'vue' ? ['--exclude-entrypoints', 'style.css'] : []),
    ]);
  }
});
