import { useI18n } from 'vue-i18n';

/** Measured amounts in the reader's language, rounded to what a comparison needs. */
export interface Amounts {
  /** "380 ms", "4.2 s", "3.5 min". */
  readonly duration: (ms: number) => string;
  /** "1,204". */
  readonly count: (count: number) => string;
  /** Tokens a second. */
  readonly speed: (rate: number) => string;
  /** Of a share, 0 to 1: "92 %". */
  readonly percent: (share: number) => string;
  /** "12.4": points of a percentage, or a factor. */
  readonly decimal: (value: number) => string;
  /** "4.9 GB". */
  readonly bytes: (bytes: number) => string;
  /** Of the beginning of a period, in UTC: "23 Nov". */
  readonly day: (time: number) => string;
}

export function useAmounts(): Amounts {
  const { t, locale } = useI18n();
  const say = (value: number, options: Intl.NumberFormatOptions): string =>
    new Intl.NumberFormat(locale.value, options).format(value);
  /** Three figures are enough to compare. */
  const figures = (value: number): string =>
    say(value, { maximumFractionDigits: Math.abs(value) >= 99.5 ? 0 : 1 });
  return {
    duration(ms) {
      if (ms < 999.5) return t('models.units.ms', { n: say(ms, { maximumFractionDigits: 0 }) });
      if (ms < 99_950) return t('models.units.s', { n: figures(ms / 1000) });
      if (ms < 5_970_000) return t('models.units.min', { n: figures(ms / 60_000) });
      return t('models.units.h', { n: figures(ms / 3_600_000) });
    },
    count: (count) => say(count, { maximumFractionDigits: 0 }),
    speed: (rate) => t('models.units.speed', { n: figures(rate) }),
    percent: (share) =>
      say(share, { style: 'percent', maximumFractionDigits: share > 0.99 && share < 1 ? 1 : 0 }),
    decimal: figures,
    bytes(bytes) {
      const giga = bytes >= 999_500_000;
      return say(bytes / (giga ? 1e9 : 1e6), {
        style: 'unit',
        unit: giga ? 'gigabyte' : 'megabyte',
        maximumFractionDigits: giga ? 1 : 0,
      });
    },
    day: (time) =>
      new Intl.DateTimeFormat(locale.value, {
        day: 'numeric',
        month: 'short',
        timeZone: 'UTC',
      }).format(time),
  };
}
