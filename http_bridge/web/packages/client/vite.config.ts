import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** What is published: one module. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    target: 'es2022',
    sourcemap: true,
    lib: {
      entry: fileURLToPath(new URL('src/index.ts', import.meta.url)),
      formats: ['es'],
      fileName: 'index',
    },
    rolldownOptions: {
      external: ['eventsource-parser', 'openapi-fetch'],
      output: { minify: true },
    },
  },
});
