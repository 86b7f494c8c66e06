// Fails the build when the first page loads more JavaScript than it may.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const MAX_FIRST_PAGE_BYTES = 120 * 1024;
const dist = new URL('../dist/', import.meta.url);

/** Gzip size of all scripts that a page names, and so loads at once. */
function scriptBytes(page) {
  const html = readFileSync(new URL(page, dist), 'utf8');
  const scripts = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(
    ([, path]) => path,
  );
  if (scripts.length === 0) throw new Error(`${page} names no script`);
  return scripts.reduce((sum, path) => sum + gzipSync(readFileSync(new URL(path, dist))).length, 0);
}

const first = scriptBytes('index.html');
console.log(`first page: ${(first / 1024).toFixed(1)} KB of JavaScript (gzip), at most 120`);
console.log(`docs page: ${(scriptBytes('docs.html') / 1024).toFixed(1)} KB`);
if (first > MAX_FIRST_PAGE_BYTES) {
  console.error('The first page is over its budget.');
  process.exit(1);
}
