// An alert from the moment somebody sees it until it is resolved: once without JavaScript, once with it.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';

import { raiseAlerts } from './harness/alerts.mjs';
import { startBrowser } from './harness/browser.mjs';
import { signedIn, startDemo } from './harness/demo.mjs';
import { HOSTILE, assertInert } from './harness/hostile.mjs';
import { assertReadable } from './harness/reading.mjs';
import { steps } from './harness/steps.mjs';

const WAYS = [
  { name: 'without JavaScript', options: { javaScriptEnabled: false }, which: 0 },
  { name: 'with JavaScript', options: { reducedMotion: 'reduce' }, which: 1 },
];

describe('what becomes of an alert', { timeout: 240_000 }, () => {
  let browser, demo, paths;

  before(async () => {
    [browser, demo] = await Promise.all([startBrowser(), startDemo()]);
    paths = await raiseAlerts();
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const way of WAYS) {
    describe(way.name, () => {
      let owner;
      const step = steps();
      const press = (name) => owner.getByRole('button', { name, exact: true }).click();
      const unfold = (name) => owner.locator('summary').filter({ hasText: name }).click();
      const readable = async () => {
        if (way.options.javaScriptEnabled !== false) await assertReadable(owner);
      };

      before(async () => {
        owner = await signedIn(browser, demo, 'ana.ruiz', '/', way.options);
      });

      after(async () => owner?.context().close());

      step('its owner finds it from the start page', async () => {
        await owner.locator(`main a[href="/alerts"]`).click();
        await owner.locator(`main a[href="${paths[way.which]}"]`).click();
        await owner.getByRole('heading', { level: 1, name: 'Ben Okafor used payments-prod' }).waitFor();
        if (await owner.getByRole('button', { name: 'Take it up' }).count()) {
          await press('Take it up');
          await owner.getByText('You look at it now.').waitFor();
        }
      });

      step('a comment without words is refused, and one with anything in it is inert', async () => {
        await unfold('Say something about it');
        await press('Add the comment');
        await owner.locator('#f-words-error').waitFor();
        await readable();
        await owner.getByLabel('Comment').fill(`Asked Ben. ${HOSTILE}`);
        await press('Add the comment');
        await owner.getByText('Asked Ben.').waitFor();
        await assertInert(owner);
      });

      step('an answer that is not whole comes back as it was typed', async () => {
        await owner.getByLabel('Accepted for a time').check();
        await owner.getByLabel('Until', { exact: true }).fill('soon');
        await owner.getByLabel('Why', { exact: true }).first().fill('The migration runs.');
        await press('Resolve it');
        await owner.locator('#f-until-error').waitFor();
        assert.equal(await owner.getByLabel('Until', { exact: true }).inputValue(), 'soon');
        assert.ok(await owner.getByLabel('Accepted for a time').isChecked());
        await readable();
      });

      step('it is resolved, and what was said stands on it', async () => {
        await owner.getByLabel('A false alarm').check();
        await press('Resolve it');
        await owner.getByText('Ana Ruiz found it a false alarm').waitFor();
        await owner.getByText('The migration runs.').waitFor();
        assert.equal(await owner.getByRole('button', { name: 'Resolve it' }).count(), 0);
        await readable();
      });
    });
  }
});
