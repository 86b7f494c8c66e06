import texts from '../../../../tests/contract/hostile_texts.json';

/** What a model, or a person, may write to do harm; the same that the tests in a browser submit. */
export const hostileTexts: readonly { readonly name: string; readonly text: string }[] = texts;

/** Elements that load, run, cover or send something. */
export const LIVE_ELEMENTS =
  'script, iframe, frame, object, embed, applet, base, meta, link, style, form, input, button, ' +
  'textarea, select, img, picture, video, audio, source, svg, math, template, dialog, details, ' +
  'marquee, noscript, area, map, canvas, portal';

const HARMLESS: Readonly<Record<string, RegExp>> = {
  href: /^(https?:\/\/|mailto:)/,
  target: /^_blank$/,
  rel: /^noopener noreferrer nofollow ugc$/,
  dir: /^(auto|ltr)$/,
  class: /^wide$/,
  tabindex: /^0$/,
  start: /^\d+$/,
  title: /^[^]*$/,
};

/** Each element and attribute below `root` that drawn text may not have, in words. */
export function liveNodes(root: ParentNode): string[] {
  const found = [...root.querySelectorAll(LIVE_ELEMENTS)].map((element) => element.outerHTML);
  for (const element of root.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      if (HARMLESS[name]?.test(value) !== true) found.push(`${element.tagName} ${name}=${value}`);
    }
  }
  return found;
}
