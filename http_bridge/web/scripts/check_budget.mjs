// Fails the build when the pages load more JavaScript than they may.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const MAX_FIRST_PAGE_BYTES = 120 * 1024;
/** Everything that is loaded later, of whatever page and language. */
const MAX_LATER_BYTES = 250 * 1024;
const dist = new URL('../dist/', import.meta.url);

const gzipBytes = (path) => gzipSync(readFileSync(new URL(path, dist))).length;
const sum = (paths) => [...paths].reduce((total, path) => total + gzipBytes(path), 0);
const inKb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

/** All scripts that a page names, and so loads at once. */
function scriptsNamedBy(page) {
  const html = readFileSync(new URL(page, dist), 'utf8');
  const scripts = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(
    ([, path]) => path,
  );
  if (scripts.length === 0) throw new Error(`${page} names no script`);
  return new Set(scripts);
}

/** With what they import, now or later; what is in `known` is not entered. */
function reachedFrom(scripts, known = new Set()) {
  const reached = new Set();
  const names = readdirSync(new URL('assets/', dist)).filter((name) => name.endsWith('.js'));
  const queue = [...scripts];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path) || known.has(path)) continue;
    reached.add(path);
    const code = readFileSync(new URL(path, dist), 'utf8');
    // Each has a hash in its name, which stands nowhere else.
    queue.push(...names.filter((name) => code.includes(name)).map((name) => `assets/${name}`));
  }
  return reached;
}

const first = scriptsNamedBy('index.html');
const later = [...reachedFrom(first)].filter((path) => !first.has(path));
// The description of the API is a page of its own, with a library of its own.
const docs = reachedFrom(scriptsNamedBy('docs.html'), new Set([...first, ...later]));

const budgets = [
  ['first page', sum(first), MAX_FIRST_PAGE_BYTES],
  ['all that is loaded later', sum(later), MAX_LATER_BYTES],
];
for (const [what, bytes, most] of budgets) {
  console.log(`${what}: ${inKb(bytes)} of JavaScript (gzip), at most ${inKb(most)}`);
}
console.log(`docs page: ${inKb(sum(docs))}`);
const over = budgets.filter(([, bytes, most]) => bytes > most);
for (const [what, bytes, most] of over) {
  console.error(`Over budget by ${inKb(bytes - most)}: ${what}.`);
}
if (over.length > 0) process.exit(1);
if (later.length === 0) throw new Error('nothing is loaded later: the pages are not told apart');
