/** Compiled messages of a language, by namespace. */
export type Messages = Record<string, unknown>;

/** `../locales/de/queue.json` is the namespace `queue`. */
export function byNamespace(files: Record<string, unknown>): Messages {
  return Object.fromEntries(
    Object.entries(files).map(([path, messages]) => [
      path.slice(path.lastIndexOf('/') + 1, -'.json'.length),
      messages,
    ]),
  );
}
