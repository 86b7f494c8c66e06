/** How right the time left was, in figures that a person can read. Pure. */
import type { EstimateSample } from '@genwatch/client';

/** Below it, told and true are as good as the same; a logarithmic axis ends there. */
export const LEAST_MS = 50;

export interface ShareAccuracy {
  /** 25, 50 or 75: how much of its tokens a job had made. */
  readonly share: number;
  readonly samples: number;
  /** Of the samples, 0 to 1. */
  readonly withinHalfAgain: number;
  readonly withinTwice: number;
  /** It took longer than was told. */
  readonly tooShort: number;
}

const clamp = (ms: number): number => Math.max(LEAST_MS, ms);

/** How many times too long or too short: at least 1. */
export function factorOf(sample: EstimateSample): number {
  const ratio = clamp(sample.toldMs) / clamp(sample.trueMs);
  return Math.max(ratio, 1 / ratio);
}

/** By rising share; shares without samples are absent. */
export function accuracyByShare(samples: readonly EstimateSample[]): readonly ShareAccuracy[] {
  return [25, 50, 75].flatMap((share) => {
    const of = samples.filter((sample) => sample.share === share);
    if (of.length === 0) return [];
    const part = (holds: (sample: EstimateSample) => boolean): number =>
      of.filter(holds).length / of.length;
    return [
      {
        share,
        samples: of.length,
        withinHalfAgain: part((sample) => factorOf(sample) <= 1.5),
        withinTwice: part((sample) => factorOf(sample) <= 2),
        tooShort: part((sample) => clamp(sample.trueMs) > clamp(sample.toldMs)),
      },
    ];
  });
}

/** "Within a factor of": what an error of the logarithm means. */
export const factorOfLogError = (error: number): number => Math.exp(error);

export type BandVerdict = 'narrow' | 'right' | 'wide';

/** The told ranges are meant to hold in 80 of 100 cases. */
export function bandVerdict(coverage: number): BandVerdict {
  if (coverage < 0.7) return 'narrow';
  return coverage > 0.9 ? 'wide' : 'right';
}

export interface Scatter {
  /** Rising told times, and two more for the diagonal. */
  readonly xs: readonly number[];
  /** The diagonal: equal to `xs` at its two ends, else null. */
  readonly diagonal: readonly (number | null)[];
  /** In step with the models: true times at their own told times, else null. */
  readonly points: readonly (readonly (number | null)[])[];
  /** Both axes, in ms: whole powers of ten around all of it. */
  readonly from: number;
  readonly to: number;
}

/** Told against true, a row of points for each model. */
export function scatterOf(samples: readonly EstimateSample[], models: readonly string[]): Scatter {
  const shown = samples
    .filter(({ model }) => models.includes(model))
    .map(({ model, toldMs, trueMs }) => ({ model, told: clamp(toldMs), true: clamp(trueMs) }))
    .sort((a, b) => a.told - b.told);
  const all = shown.flatMap((sample) => [sample.told, sample.true]);
  const from = 10 ** Math.floor(Math.log10(Math.min(1000, ...all)));
  const to = 10 ** Math.ceil(Math.log10(Math.max(10_000, ...all)));
  const xs = [from, ...shown.map(({ told }) => told), to];
  return {
    xs,
    diagonal: xs.map((x, i) => (i === 0 || i === xs.length - 1 ? x : null)),
    points: models.map((model) => [
      null,
      ...shown.map((sample) => (sample.model === model ? sample.true : null)),
      null,
    ]),
    from,
    to,
  };
}
