import { describe, expect, it } from 'vitest';
import { ElapsedClock } from '../src/elapsed_clock';
import { ServerClock } from '../src/server_clock';

describe('ServerClock', () => {
  it('believes the message that took the shortest way', () => {
    const clock = new ServerClock();
    clock.observe(1_000_000, 500); // 200 ms on the way
    clock.observe(1_000_100, 400); // none
    clock.observe(1_000_300, 900); // 300 ms
    expect(clock.read(1_000)).toBe(1_000_700);
  });

  it('follows a clock that has jumped', () => {
    const clock = new ServerClock();
    clock.observe(1_000_000, 0);
    clock.observe(995_000, 1_000);
    expect(clock.read(1_000)).toBe(995_000);
  });
});

describe('ElapsedClock', () => {
  it('ticks on by itself between two messages', () => {
    const clock = new ElapsedClock();
    clock.set(16_200, 0, true, 0);
    expect(clock.read(100)).toBe(16_300);
    expect(clock.read(1_200)).toBe(17_400);
  });

  it('counts the age of a message', () => {
    const clock = new ElapsedClock();
    clock.set(16_200, 300, true, 0);
    expect(clock.read(0)).toBe(16_500);
  });

  it('corrects a drift of more than a second at once', () => {
    const clock = new ElapsedClock();
    clock.set(1_000, 0, true, 0);
    clock.read(1_000);
    clock.set(9_000, 0, true, 1_000);
    expect(clock.read(1_000)).toBe(9_000);
    clock.set(2_000, 0, true, 1_000);
    expect(clock.read(1_000)).toBe(2_000);
  });

  it('corrects a smaller drift smoothly, and never falls', () => {
    const clock = new ElapsedClock();
    clock.set(10_000, 0, true, 0);
    clock.set(9_400, 0, true, 0);
    let before = clock.read(0);
    expect(before).toBe(10_000);
    for (let now = 100; now <= 2_000; now += 100) {
      const shown = clock.read(now);
      expect(shown).toBeGreaterThanOrEqual(before);
      before = shown;
    }
    expect(before).toBe(11_400);
  });

  it('stands where the job does not run, at exactly what was told', () => {
    const clock = new ElapsedClock();
    clock.set(5_000, 0, true, 0);
    clock.set(4_870, 0, false, 200);
    expect(clock.read(9_000)).toBe(4_870);
  });

  it('stands while nothing is heard, and goes on where the server is', () => {
    const clock = new ElapsedClock();
    clock.set(5_000, 0, true, 0);
    clock.freeze(1_000);
    expect(clock.read(60_000)).toBe(6_000);
    clock.set(65_000, 0, true, 60_000);
    expect(clock.read(60_000)).toBe(65_000);
  });
});
