// Waiting for conditions, never for time to pass.

import { setTimeout as pause } from 'node:timers/promises';

/** Asks `condition` until it answers something true, and answers that; says `what` was waited for otherwise. */
export async function until(what, condition, within = 20_000) {
  const deadline = Date.now() + within;
  let trouble;
  while (Date.now() < deadline) {
    try {
      const answer = await condition();
      if (answer) return answer;
      trouble = undefined;
    } catch (error) {
      trouble = error;
    }
    await pause(50);
  }
  throw new Error(`waited ${within / 1000} s in vain: ${what}`, { cause: trouble });
}
