import { byNamespace } from './namespaces';

export const messages = byNamespace(
  import.meta.glob('../locales/de/*.json', { eager: true, import: 'default' }),
);
