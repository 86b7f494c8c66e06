/**
 * The HTML document in a model's answer. Models put it into a fence, or talk around it; null where
 * there is none. Of several fences the longest counts. Pure.
 */
export function appDocument(answer: string): string | null {
  const fenced = fencedBlocks(answer).filter(looksLikeHtml);
  if (fenced.length > 0) return fenced.reduce((a, b) => (b.length > a.length ? b : a));
  const start = answer.search(/<!doctype html|<html[\s>]/i);
  if (start < 0) return null;
  const end = answer.toLowerCase().lastIndexOf('</html>');
  return end > start ? answer.slice(start, end + '</html>'.length) : answer.slice(start);
}

/** A last fence that was never closed counts: the answer may have been cut. */
function fencedBlocks(text: string): string[] {
  const blocks: string[] = [];
  let open: { readonly mark: string; readonly lines: string[] } | null = null;
  for (const line of text.split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (open === null) {
      if (mark !== undefined) open = { mark, lines: [] };
    } else if (mark?.startsWith(open.mark) === true && line.trim() === mark) {
      blocks.push(open.lines.join('\n'));
      open = null;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== null) blocks.push(open.lines.join('\n'));
  return blocks;
}

function looksLikeHtml(block: string): boolean {
  return /^\s*(?:<!--[\s\S]*?-->\s*)*<(?:!doctype html|html|head|body|script|style|div|main|canvas|svg|h1)[\s>]/i.test(
    block,
  );
}
