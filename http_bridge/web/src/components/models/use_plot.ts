import type { Ref, ShallowRef } from 'vue';
import { onBeforeUnmount, onMounted, shallowRef, watch } from 'vue';
import type uPlot from 'uplot';
import type { PlotColors } from './plot_colors';
import { onThemeChange, readColors } from './plot_colors';

export interface PlotContent {
  readonly options: Omit<uPlot.Options, 'width'>;
  readonly data: uPlot.AlignedData;
}

let library: Promise<typeof uPlot> | undefined;

/** One request for all plots; a failed one is made again by the next plot. */
async function loadLibrary(): Promise<typeof uPlot> {
  library ??= import('uplot').then((module) => module.default);
  try {
    return await library;
  } catch (thrown) {
    library = undefined;
    throw thrown;
  }
}

/**
 * A plot in `host`, as wide as it. `content` is called anew, and the plot made anew, when what it
 * reads changes, and when the theme does. The library is loaded when the first plot is shown; if
 * that fails, there is none: the values are in the table beside.
 */
export function usePlot(
  host: Readonly<Ref<HTMLElement | null>>,
  content: (colors: PlotColors) => PlotContent,
): { readonly failed: Readonly<ShallowRef<boolean>> } {
  const failed = shallowRef(false);
  const theme = shallowRef(0);
  let plot: uPlot | null = null;
  let gone = false;
  let stop: (() => void)[] = [];

  onMounted(async () => {
    let make: typeof uPlot;
    try {
      make = await loadLibrary();
    } catch {
      failed.value = true;
      return;
    }
    const element = host.value;
    if (gone || element === null) return;
    const width = (): number => Math.max(120, element.clientWidth);
    const draw = (): void => {
      const { options, data } = content(readColors(element));
      plot?.destroy();
      plot = new make({ ...options, width: width() }, data, element);
    };
    const resized = new ResizeObserver(() => {
      if (plot !== null && plot.width !== width()) {
        plot.setSize({ width: width(), height: plot.height });
      }
    });
    resized.observe(element);
    stop = [
      onThemeChange(() => (theme.value += 1)),
      () => {
        resized.disconnect();
      },
      // Reading the content is what tells what it depends on.
      watch([theme, () => content(readColors(element))], draw, { immediate: true, flush: 'post' }),
    ];
  });
  onBeforeUnmount(() => {
    gone = true;
    for (const each of stop) each();
    plot?.destroy();
  });
  return { failed };
}
