// Whether a page can be read: by everybody, at every width, in light and in dark.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [360, 1440];
const SCHEMES = ['light', 'dark'];

/** Fails with all that is wrong with the page as it stands, with what is folded on it open, too. */
export async function assertReadable(page) {
  const faults = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    faults.push(...(await overflow(page, width)));
  }
  await page.evaluate(AXE);
  await unfold(page);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    faults.push(...(await overflow(page, `${width}, unfolded`)));
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      faults.push(...(await violations(page, `${width}, ${colorScheme}`)));
    }
  }
  assert.deepEqual(faults, [], new URL(page.url()).pathname);
}

const unfold = (page) => page.evaluate(() => {
  for (const folded of document.querySelectorAll('details')) folded.open = true;
});

async function overflow(page, how) {
  const wider = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return null;
    const outside = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > clientWidth + 1);
    return `${scrollWidth} of ${clientWidth}: ${outside.map((one) => one.className || one.tagName).slice(0, 8).join(' ')}`;
  });
  return wider ? [`${how}: wider than the window, ${wider}`] : [];
}

async function violations(page, how) {
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map(({ id, nodes }) => `${how}: ${id} at ${nodes.map((node) => node.target.join(' ')).slice(0, 4).join(', ')}`);
}
