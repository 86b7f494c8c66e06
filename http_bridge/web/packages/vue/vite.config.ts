import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

const source = (name: string): string => fileURLToPath(new URL(`src/${name}`, import.meta.url));

/** What is published: a module for the card, one for each further language, and one style sheet. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [vue()],
  build: {
    target: 'es2022',
    // Older browsers than those that know light-dark() are not asked for a copy of each colour.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    lib: {
      entry: {
        index: source('index.ts'),
        de: source('messages/de.ts'),
        ar: source('messages/ar.ts'),
      },
      formats: ['es'],
      cssFileName: 'style',
    },
    rolldownOptions: {
      external: ['vue', '@genwatch/client'],
      preserveEntrySignatures: 'allow-extension',
      output: { minify: true },
    },
  },
});
