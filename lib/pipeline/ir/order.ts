/** The order in which the tasks of a graph can run. */
import type { TaskSpecification } from './types.js';

/** What {@link orderOf} found. */
export interface Order {
  /** Each task after all that it waits for; of those that could come next, in the order of the file. */
  readonly names: readonly string[];
  /** Tasks that wait for each other in a circle; empty where there is none. */
  readonly circle: readonly string[];
}

/** Orders tasks by what they wait for, and finds a circle where there is one. */
export function orderOf(tasks: Readonly<Record<string, TaskSpecification>>): Order {
  const names: string[] = [];
  const done = new Set<string>();
  let left = Object.keys(tasks);
  while (left.length > 0) {
    const next = left.filter((name) => (tasks[name]?.dependentTasks ?? []).every((other) => done.has(other)));
    if (next.length === 0) return { names, circle: circleIn(tasks, done, left) };
    for (const name of next) {
      names.push(name);
      done.add(name);
    }
    left = left.filter((name) => !done.has(name));
  }
  return { names, circle: [] };
}

/** Every task of `left` waits for another of them, so going from one to the next must come back. */
function circleIn(
  tasks: Readonly<Record<string, TaskSpecification>>,
  done: ReadonlySet<string>,
  left: readonly string[],
): readonly string[] {
  const way: string[] = [];
  let name = left[0] ?? '';
  while (!way.includes(name)) {
    way.push(name);
    name = (tasks[name]?.dependentTasks ?? []).find((other) => !done.has(other)) ?? name;
  }
  return way.slice(way.indexOf(name));
}
