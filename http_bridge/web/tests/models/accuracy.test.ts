import { describe, expect, it } from 'vitest';
import type { EstimateSample } from '@genwatch/client';
import {
  accuracyByShare,
  bandVerdict,
  factorOf,
  LEAST_MS,
  scatterOf,
} from '../../src/components/models/accuracy';

const sample = (toldMs: number, trueMs: number, share = 50, model = 'm'): EstimateSample => ({
  model,
  share,
  toldMs,
  toldLowMs: toldMs,
  toldHighMs: toldMs,
  trueMs,
});

describe('how right the time left was', () => {
  it('is a factor, whichever way it was wrong', () => {
    expect(factorOf(sample(2000, 1000))).toBe(2);
    expect(factorOf(sample(1000, 2000))).toBe(2);
    // The last moments are not worth an argument.
    expect(factorOf(sample(0, LEAST_MS))).toBe(1);
  });

  it('is told for each share that has samples', () => {
    const told = accuracyByShare([
      sample(1000, 1000),
      sample(1400, 1000),
      sample(1000, 1900),
      sample(9000, 1000),
      sample(1000, 1000, 75),
    ]);
    expect(told).toEqual([
      { share: 50, samples: 4, withinHalfAgain: 0.5, withinTwice: 0.75, tooShort: 0.25 },
      { share: 75, samples: 1, withinHalfAgain: 1, withinTwice: 1, tooShort: 0 },
    ]);
  });

  it('judges the ranges by what they are meant to hold', () => {
    expect([0.5, 0.8, 0.97].map(bandVerdict)).toEqual(['narrow', 'right', 'wide']);
  });
});

describe('the points', () => {
  it('lie at what was told, each in the row of its model, around the diagonal', () => {
    const { xs, diagonal, points, from, to } = scatterOf(
      [sample(5000, 4000, 50, 'a'), sample(300, 90_000, 50, 'b'), sample(1, 1, 50, 'unseen')],
      ['a', 'b'],
    );
    expect([from, to]).toEqual([100, 100_000]);
    expect(xs).toEqual([100, 300, 5000, 100_000]);
    expect(diagonal).toEqual([100, null, null, 100_000]);
    expect(points).toEqual([
      [null, null, 4000, null],
      [null, 90_000, null, null],
    ]);
  });

  it('have axes even when there are none', () => {
    expect(scatterOf([], ['a'])).toMatchObject({ from: 1000, to: 10_000, points: [[null, null]] });
  });
});
