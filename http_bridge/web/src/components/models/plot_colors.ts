/** The colours of a plot, as the page has them now. */
export interface PlotColors {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  /** Of the plotted models, by their place. */
  readonly models: readonly string[];
  readonly font: string;
}

/** A canvas knows no custom properties: an element is asked what they come to. */
export function readColors(host: HTMLElement): PlotColors {
  const probe = document.createElement('span');
  probe.hidden = true;
  host.append(probe);
  const colorOf = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colors = {
    text: colorOf('--gw-text'),
    muted: colorOf('--gw-muted'),
    line: colorOf('--gw-line'),
    surface: colorOf('--gw-surface'),
    models: [1, 2, 3, 4, 5, 6].map((place) => colorOf(`--gw-plot-${place}`)),
    font: `12px ${getComputedStyle(host).fontFamily}`,
  };
  probe.remove();
  return colors;
}

/** Calls back when the reader, or the reader's system, changes the theme. Answers how to stop it. */
export function onThemeChange(changed: () => void): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) =>
    matchMedia(query),
  );
  for (const query of queries) query.addEventListener('change', changed);
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributeFilter: ['data-theme', 'class', 'style'] });
  return () => {
    for (const query of queries) query.removeEventListener('change', changed);
    chosen.disconnect();
  };
}
