import { fileURLToPath } from 'node:url';
import vueI18n from '@intlify/unplugin-vue-i18n/vite';
import vue from '@vitejs/plugin-vue';
import type { Connect, Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

// The application is built from the packages' sources, not from what is published of them.
const sources = {
  '@genwatch/client': page('packages/client/src/index.ts'),
  '@genwatch/vue': page('packages/vue/src/index.ts'),
  '@support': page('tests/support'),
};

// `vite dev` serves docs.html under its file name only; the bridge serves it as /docs.
const docsPage: Plugin = {
  name: 'genwatch-docs-page',
  configureServer(server) {
    const rewrite: Connect.NextHandleFunction = (request, _response, next) => {
      if (request.url === '/docs' || request.url === '/docs/') request.url = '/docs.html';
      next();
    };
    server.middlewares.use(rewrite);
  },
};

const target = process.env['GENWATCH_DEV_TARGET'] ?? 'http://127.0.0.1:8080';

// Messages are compiled while building: the page's content policy allows no compiler in the page,
// and nobody has to download one. (vue-i18n 11.2 and later import all of Vue, 20 KB more.)
const messages = vueI18n({
  include: page('src/locales/**/*.json'),
  runtimeOnly: true,
  compositionOnly: true,
  dropMessageCompiler: true,
  fullInstall: false,
});

export default defineConfig({
  plugins: [vue(), messages, docsPage],
  define: { __INTLIFY_PROD_DEVTOOLS__: false },
  resolve: { alias: sources },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': target, '/openapi.json': target },
  },
  build: {
    target: 'es2022',
    // The bridge embeds everything in dist: no source maps in its binary.
    sourcemap: false,
    // docs pulls in a library of that size, on a page of its own.
    chunkSizeWarningLimit: 1800,
    rolldownOptions: {
      input: { index: page('index.html'), docs: page('docs.html') },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts', 'packages/*/tests/**/*.test.ts'],
    setupFiles: ['tests/support/setup.ts'],
    restoreMocks: true,
    // The first test of a page waits until the page is compiled, maybe on a busy machine.
    testTimeout: 30_000,
    // The machine that builds is small.
    maxWorkers: 2,
  },
});
