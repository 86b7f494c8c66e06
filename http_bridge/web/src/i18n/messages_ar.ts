import { byNamespace } from './namespaces';

export const messages = byNamespace(
  import.meta.glob('../locales/ar/*.json', { eager: true, import: 'default' }),
);
