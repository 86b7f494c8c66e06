import type { Config } from 'dompurify';
import DOMPurify from 'dompurify';
import MarkdownIt from 'markdown-it';
import type { Token } from 'markdown-it';

/**
 * Markdown of a model's making, as nodes that are only looked at. Two walls: the parser knows no
 * HTML (tags in the text are text), and whatever it wrote passes a sanitiser with a short list of
 * elements. Pictures become links: loading one would tell its server that the answer was read.
 */
const parser = new MarkdownIt({ html: false, linkify: true, breaks: true });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
parser.validateLink = (url) => /^(?:https?:\/\/|mailto:)/i.test(url.trim());

/** An answer is part of a page whose own headings end at the third level. */
const HEADING_SHIFT = 3;

const ALLOWED = {
  ALLOWED_TAGS: [
    ...['p', 'br', 'hr', 'h4', 'h5', 'h6', 'strong', 'em', 's', 'code', 'pre', 'blockquote'],
    ...['ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'a'],
  ],
  ALLOWED_ATTR: ['href', 'start', 'title'],
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
} satisfies Config;

/** A fragment without scripts, handlers, forms, frames, pictures or styles. */
export function renderMarkdown(text: string): DocumentFragment {
  const env = {};
  // It would hand back what it was given.
  if (!DOMPurify.isSupported) throw new Error('there is no sanitiser for this document');
  const tokens = parser.parse(text, env);
  tokens.forEach(lowerHeading);
  const html = parser.renderer.render(tokens, parser.options, env);
  const fragment = DOMPurify.sanitize(html, { ...ALLOWED, RETURN_DOM_FRAGMENT: true });
  dress(fragment);
  return fragment;
}

function lowerHeading(token: Token): void {
  const level = /^h([1-6])$/.exec(token.tag)?.[1];
  if (level !== undefined) token.tag = `h${Math.min(6, Number(level) + HEADING_SHIFT)}`;
}

parser.renderer.rules['image'] = (tokens, index, options, env, renderer) => {
  const token = tokens[index];
  if (token === undefined) return '';
  const source = String(token.attrGet('src') ?? '');
  const words = renderer.renderInlineAsText(token.children ?? [], options, env);
  const { escapeHtml } = parser.utils;
  return `<a href="${escapeHtml(source)}">${escapeHtml(words === '' ? source : words)}</a>`;
};

/** What the sanitiser does not know how to say. */
function dress(fragment: DocumentFragment): void {
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow ugc';
  }
  // An answer may mix languages: each paragraph has the direction of its own first letter.
  for (const element of fragment.querySelectorAll('p, li, h4, h5, h6, th, td, blockquote')) {
    element.setAttribute('dir', 'auto');
  }
  for (const code of fragment.querySelectorAll('pre')) code.setAttribute('dir', 'ltr');
  // What is wider than the page scrolls in its own box, also by the keyboard.
  for (const wide of fragment.querySelectorAll('pre, table')) {
    const box = document.createElement('div');
    box.className = 'wide';
    box.tabIndex = 0;
    wide.replaceWith(box);
    box.append(wide);
  }
}
