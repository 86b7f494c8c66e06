const ORDER = ['zero', 'one', 'two', 'few', 'many', 'other'] as const;

/**
 * Which of the forms of a message ("1 job | {n} jobs") a count takes. The forms stand in the order
 * zero, one, two, few, many, other, as far as the language has them: English and German two, Arabic
 * six. A message with a single form is the same for each count.
 */
export function pluralRule(language: string): (count: number, forms: number) => number {
  const rules = new Intl.PluralRules(language);
  const known = new Set<string>(rules.resolvedOptions().pluralCategories);
  const categories = ORDER.filter((category) => known.has(category));
  return (count, forms) => Math.min(categories.indexOf(rules.select(count)), forms - 1);
}
