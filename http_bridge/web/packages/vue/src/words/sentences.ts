/** "OUT_OF_MEMORY" for people: "out of memory". */
export function reasonWords(reason: string): string {
  return reason.toLowerCase().replaceAll('_', ' ');
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A word of the server's that this page does not know: "STATE_ON_ICE" becomes "On ice". */
export function plainWord(word: string): string {
  return capital(reasonWords(word.replace(/^(STATE|PHASE|PRIORITY)_/, '')));
}

/** A message of the server's as a sentence: they come with and without a capital and a full stop. */
export function endSentence(text: string): string {
  const sentence = capital(text.trim());
  return /[.!?؟…]$/.test(sentence) ? sentence : `${sentence}.`;
}
