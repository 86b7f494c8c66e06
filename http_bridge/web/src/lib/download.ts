/** Hands a file to the browser, to be saved. `type` is a MIME type. */
export function saveFile(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}

/** A name that every system takes: the letters and digits of the title, else of the id. */
export function fileName(title: string, jobId: string, ending: string): string {
  const words = title.normalize('NFC').match(/[\p{Letter}\p{Mark}\p{Number}]+/gu) ?? [];
  const name = Array.from(words.join('-')).slice(0, 60).join('');
  return `${name === '' ? jobId : name}.${ending}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);
}

/**
 * A page of its own around `body`, which is markup that is safe already; the title is text. Its
 * content policy lets nothing run, whatever the body holds.
 */
export function htmlDocument(title: string, language: string, body: string): string {
  return `<!doctype html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>body { max-width: 72ch; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere } pre { overflow: auto; padding: 1rem; border: 1px solid } table { border-collapse: collapse } td, th { padding: .4rem .8rem; border: 1px solid; text-align: start }</style>
</head>
<body dir="auto">
${body}
</body>
</html>
`;
}
