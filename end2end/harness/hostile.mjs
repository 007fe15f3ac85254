// Text that would run if a page let it.

import assert from 'node:assert/strict';

const RUN = "document.title='owned'";

/** Breaks out of a field, of an attribute, and of an element. */
export const HOSTILE = `</textarea><script>${RUN}</script>"><img src=x onerror="${RUN}">`;

/** Fails where the page took any of it for more than text, or where it does not show it at all. */
export async function assertInert(page) {
  const found = await page.evaluate((run) => {
    const fields = [...document.querySelectorAll('input, textarea, select')].map((field) => field.value);
    const shown = document.body.innerText;
    return {
      shown: [shown, ...fields].some((text) => text.includes(run)),
      scripts: [...document.scripts].filter((script) => script.textContent.includes(run)).length,
      handlers: document.querySelectorAll('[onerror], img[src="x"]').length,
      title: document.title,
    };
  }, RUN);
  assert.ok(found.shown, `${page.url()} does not show the text`);
  assert.equal(found.scripts + found.handlers, 0, `${page.url()} takes the text for markup`);
  assert.notEqual(found.title, 'owned');
}
