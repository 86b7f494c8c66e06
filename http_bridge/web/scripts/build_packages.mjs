// Builds what is published of the packages into their dist: modules, the styles of the card, and
// declarations.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (relative) => fileURLToPath(new URL(relative, new URL('../', import.meta.url)));

/** Node resolves no module without its extension, and so do types that are meant for it. */
function withExtensions(declaration) {
  return declaration
    .replace(/^import '[^']+\.css';\n/gm, '')
    .replace(/((?:from|import)\s*\(?\s*['"])(\.{1,2}\/[^'"]+?)(?:\.js)?(['"])/g, '$1$2.js$3');
}

function declare(name) {
  execFileSync(
    path('node_modules/.bin/vue-tsc'),
    ['-p', path(`packages/${name}/tsconfig.build.json`)],
    {
      stdio: 'inherit',
    },
  );
  const dist = path(`packages/${name}/dist`);
  for (const file of readdirSync(dist, { recursive: true })) {
    if (!file.endsWith('.d.ts')) continue;
    writeFileSync(`${dist}/${file}`, withExtensions(readFileSync(`${dist}/${file}`, 'utf8')));
  }
}

// The declarations of the card are made from those of the client.
for (const name of ['client', 'vue']) {
  rmSync(path(`packages/${name}/dist`), { recursive: true, force: true });
  await build({ configFile: path(`packages/${name}/vite.config.ts`), logLevel: 'warn' });
  declare(name);
}
