// For ESLint, whose TypeScript does not read .vue files; vue-tsc knows their true types.
declare module '*.vue' {
  import type { DefineComponent } from 'vue';
  const component: DefineComponent<object, object, object>;
  export default component;
}
