import type { Ref } from 'vue';
import { watch } from 'vue';

/**
 * Keeps an element filled with a text in blocks, each a `div.block` with one text node. Of what is
 * there already nothing is touched: a block that has grown gets only what is new, so that a long text
 * costs no more for each word than a short one.
 */
export function useAppendedText(
  box: Readonly<Ref<HTMLElement | null>>,
  blocks: () => readonly string[],
): void {
  let drawnIn: HTMLElement | null = null;
  let drawn: readonly string[] = [];
  let nodes: Text[] = [];

  const draw = (): void => {
    const element = box.value;
    if (element !== drawnIn) {
      drawnIn = element;
      drawn = [];
      nodes = [];
    }
    if (element === null) return;
    const wanted = blocks();
    while (nodes.length > wanted.length) nodes.pop()?.parentElement?.remove();
    wanted.forEach((text, index) => {
      const node = nodes[index];
      const before = drawn[index] ?? '';
      if (node === undefined) {
        const block = document.createElement('div');
        block.className = 'block';
        const made = document.createTextNode(text);
        block.append(made);
        element.append(block);
        nodes.push(made);
      } else if (text !== before) {
        if (text.startsWith(before)) node.appendData(text.slice(before.length));
        else node.data = text;
      }
    });
    drawn = wanted;
  };

  watch([box, blocks], draw, { immediate: true, flush: 'post' });
}
