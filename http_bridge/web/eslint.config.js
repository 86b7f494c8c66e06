import prettier from 'eslint-config-prettier';
import vue from 'eslint-plugin-vue';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'packages/client/src/generated/**',
      'scripts/scratch_app/**',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  ...vue.configs['flat/recommended'],
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        parser: tseslint.parser,
        project: ['./tsconfig.app.json', './tsconfig.client.json', './tsconfig.node.json'],
        extraFileExtensions: ['.vue'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true }],
      // `void ticks.value` makes a computed depend on a clock.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Whatever a model or a person wrote is text, never markup.
      'vue/no-v-html': 'error',
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/multi-word-component-names': 'off',
    },
  },
  {
    // The client is for any page and for Node.
    files: ['packages/client/src/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: ['vue', 'vue-router', '@genwatch/vue'] }],
    },
  },
  {
    // The card is for any application: it knows nothing of ours.
    files: ['packages/vue/src/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: ['vue-router', '**/../../../src/*'] }],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: globals.node },
    rules: { '@typescript-eslint/explicit-function-return-type': 'off', 'no-console': 'off' },
  },
  {
    files: ['**/tests/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      'vue/one-component-per-file': 'off',
    },
  },
  prettier,
);
