// Tests that build on one another.

import { test } from 'node:test';

/** Makes tests of which those after a failed one are skipped: they could only fail of the same cause. */
export function steps() {
  let broken;
  return (name, work) => test(name, async (t) => {
    if (broken) return t.skip(`“${broken}” failed`);
    try {
      return await work(t);
    } catch (error) {
      broken = name;
      throw error;
    }
  });
}
