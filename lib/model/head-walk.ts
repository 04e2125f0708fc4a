/** The way through heads that read one another. */

/**
 * The heads that can be reached from `starts`, each after those that `before` gives for it, which come in their order.
 * Iterative: a long chain costs no stack. `refuse` gets the heads of a circle, the first of them again at the end.
 */
export function headsInOrder(
  starts: Iterable<number>,
  before: (head: number) => readonly number[],
  refuse: (circle: readonly number[]) => never,
): readonly number[] {
  const order = new Set<number>();
  for (const start of starts) {
    const path: { readonly head: number; readonly left: number[] }[] = [];
    const enter = (head: number): void => {
      if (order.has(head)) return;
      const from = path.findIndex((each) => each.head === head);
      if (from !== -1) refuse([...path.slice(from).map((each) => each.head), head]);
      path.push({ head, left: [...before(head)].reverse() });
    };
    enter(start);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.left.pop();
      if (next !== undefined) enter(next);
      else {
        path.pop();
        order.add(last.head);
      }
    }
  }
  return [...order];
}
