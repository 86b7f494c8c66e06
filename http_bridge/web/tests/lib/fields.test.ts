import { describe, expect, it } from 'vitest';

const client = import.meta.glob<string>('../../packages/client/src/*.ts', {
  eager: true,
  query: '?raw',
  import: 'default',
});
const pages = import.meta.glob<string>('../../src/**/*.{ts,vue}', {
  eager: true,
  query: '?raw',
  import: 'default',
});
const described = Object.values(
  import.meta.glob<string>('../../packages/client/src/generated/openapi.ts', {
    eager: true,
    query: '?raw',
    import: 'default',
  }),
).join('');

/** Names of fields anywhere in the document that describes the API. */
const fields = new Set(
  [...described.matchAll(/^\s+['"]?([a-z]\w*)['"]?\??:/gm)].map(([, name = '']) => name),
);
const routes = [...described.matchAll(/^ {4}"(\/api\/[^"]+)"/gm)].map(([, route = '']) => route);

/** Of google.rpc.Status, the shape of the gateway's errors, which the document gives in words. */
const UNDESCRIBED = new Set(['details']);

/** What stands before the first part that is put in. */
const fixedPart = (route: string): string => route.replace(/(?:\$?\{|\?).*$/, '');

describe('what is read of the API', () => {
  it('is given by the API, field by field (defect 36)', () => {
    expect(fields.size).toBeGreaterThan(100);
    const read = Object.entries(client).flatMap(([path, text]) =>
      [...text.matchAll(/\bjson\??\.?\['(\w+)'\]|\w+\??\.?\['([a-z][a-z0-9_]*)'\]/g)].map(
        ([, a, b]) => ({ path, field: a ?? b ?? '' }),
      ),
    );
    expect(read.length).toBeGreaterThan(60);
    const unknown = read.filter(({ field }) => !fields.has(field) && !UNDESCRIBED.has(field));
    expect(unknown).toEqual([]);
    // The fields of the first system's page that its server never sent.
    for (const field of ['history', 'generated_code', 'result_url']) {
      expect(read.some((one) => one.field === field)).toBe(false);
    }
  });

  it('is asked for under addresses that there are', () => {
    const asked = Object.entries(client).flatMap(([path, text]) =>
      [...text.matchAll(/['"`](\/api\/v1\/[^'"`]*)['"`]/g)].map(([, route = '']) => ({
        path,
        route: fixedPart(route),
      })),
    );
    expect(asked.length).toBeGreaterThan(5);
    const known = routes.map(fixedPart);
    expect(asked.filter(({ route }) => !known.includes(route))).toEqual([]);
  });

  it('is read in the client only: a page takes what was checked there', () => {
    const reading = Object.entries(pages).filter(([path, text]) => {
      const isDocs = path.includes('/docs') || path.includes('swagger');
      return !isDocs && /\bfetch\(|\/api\/v1\/|\bas\w+\(json\b/.test(text);
    });
    expect(reading.map(([path]) => path)).toEqual([]);
  });
});
