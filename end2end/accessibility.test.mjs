// Every page, as everybody who reads it: no fault that axe finds, in light and dark, narrow and wide; nothing wider
// than the window; no complaint of the browser's; no script where nothing moves.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { QUESTION, raiseAlerts } from './harness/alerts.mjs';
import { openWindow, startBrowser } from './harness/browser.mjs';
import { signedIn, startDemo } from './harness/demo.mjs';
import { assertReadable } from './harness/reading.mjs';
import { until } from './harness/until.mjs';

const ROLES = { employee: 'ben.okafor', approver: 'ana.ruiz', auditor: 'chiara.lindt', administrator: 'dev.raman' };

const NO_ADMINISTRATORS = ['employee', 'approver', 'auditor'];

/** Pages by their path, or by the first link of that kind on another page, where there is one. */
const PAGES = [
  { path: '/' },
  { path: '/catalogue' },
  { path: '/catalogue?q=nothing-is-called-that' },
  { path: '/catalogue/payments-prod' },
  { path: '/catalogue/payouts-prod' },
  { path: '/catalogue/payments-prod/edit', notAs: ['employee', 'auditor'] },
  { path: '/catalogue/payments-prod/entitlements/new', notAs: ['employee', 'auditor'] },
  {
    from: '/catalogue/payments-prod/edit',
    link: '/catalogue/payments-prod/entitlements/',
    notAs: ['employee', 'auditor'],
  },
  { path: '/requests' },
  { from: '/requests', link: '/requests/', notAs: ['approver'] },
  { path: '/requests/new' },
  { from: '/catalogue/risk-scores-prod', link: '/requests/new?entitlement=' },
  { from: '/catalogue?q=on+call', link: '/requests/new?bundle=' },
  { path: '/approvals' },
  { from: '/approvals', link: '/approvals?open=', notAs: ['employee', 'auditor', 'administrator'] },
  { path: '/tasks' },
  { path: '/alerts' },
  { path: '/alerts?state=all&severity=low' },
  { from: '/alerts?state=all', link: '/alerts/', notAs: ['employee'] },
  { path: '/alerts/trends' },
  { path: '/alerts/suppressions' },
  { path: QUESTION, notAs: ['approver', 'auditor', 'administrator'] },
  { path: '/alerts/rules' },
  { from: '/alerts/rules', link: '/alerts/rules/' },
  { path: '/audit' },
  { path: '/audit?person=Ben+Okafor&action=request.submitted' },
  { path: '/audit?q=nothing-is-called-that' },
  { path: '/audit?q=after:30d&columns=time,actor,action,outcome,resource,reason,ip' },
  { path: '/audit?q=actr:ana+OR+person:ben' },
  { from: '/audit', link: '/audit/' },
  { path: '/audit/as-of', notAs: ['employee', 'approver'] },
  { path: '/audit/as-of?date=soon', notAs: ['employee', 'approver'] },
  { path: '/catalogue/payments-prod/as-of' },
  { path: '/audit/exports' },
  { path: '/audit/exports?q=actor:ana&format=jsonl' },
  { path: '/audit/windows', notAs: ['employee', 'approver'] },
  { path: '/audit/windows/import', notAs: NO_ADMINISTRATORS },
  { from: '/audit/windows', link: '/audit/windows/', notAs: ['employee', 'approver'] },
  { path: '/reports/period', notAs: ['employee', 'approver'] },
  { path: '/reports/period?from=soon&to=2026-10-01&system=x', notAs: ['employee', 'approver'] },
  { path: '/people' },
  { from: '/people?q=okafor', link: '/people/' },
  { from: '/people?q=tanaka', link: '/people/' },
  { path: '/settings' },
  { path: '/catalogue/new', notAs: ['employee', 'auditor'] },
  { path: '/admin', notAs: NO_ADMINISTRATORS },
  { path: '/admin/systems', notAs: NO_ADMINISTRATORS },
  { path: '/admin/systems/new', notAs: NO_ADMINISTRATORS },
  { from: '/admin/systems', link: '/admin/systems/', notAs: NO_ADMINISTRATORS },
  { path: '/admin/bundles', notAs: NO_ADMINISTRATORS },
  { from: '/admin/bundles', link: '/admin/bundles/', notAs: NO_ADMINISTRATORS },
  { path: '/admin/bundles/new', notAs: NO_ADMINISTRATORS },
  { path: '/admin/job-roles', notAs: NO_ADMINISTRATORS },
  { path: '/admin/job-roles/new', notAs: NO_ADMINISTRATORS },
  { from: '/admin/job-roles', link: '/admin/job-roles/', notAs: NO_ADMINISTRATORS },
  { path: '/admin/sources', notAs: NO_ADMINISTRATORS },
  { path: '/admin/unmatched', notAs: NO_ADMINISTRATORS },
  { path: '/admin/sources/new', notAs: NO_ADMINISTRATORS },
  { from: '/admin/sources', link: '/admin/sources/', notAs: NO_ADMINISTRATORS },
  { path: '/admin/sources/payments-log/token', notAs: NO_ADMINISTRATORS },
  { path: '/admin/reading-tokens', notAs: NO_ADMINISTRATORS },
  { path: '/admin/reading-tokens/token', notAs: NO_ADMINISTRATORS },
];

/** What begins like a page of one thing, and is none. */
const OTHERS = ['/alerts/rules', '/requests/new', '/audit/as-of', '/audit/export', '/audit/windows', '/audit/windows/import', '/catalogue/new', '/admin/systems/new', '/admin/bundles/new', '/admin/job-roles/new', '/admin/sources/new'];
/** What the renderer leaves on every page, whether or not there is something to wake: four empty lists. */
const INLINE_BYTES_MAX = 256;

describe('every page can be read by everybody', { timeout: 240_000, concurrency: 2 }, () => {
  let browser, demo;

  before(async () => {
    [browser, demo] = await Promise.all([startBrowser(), startDemo()]);
    await raiseAlerts();
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const [role, sub] of Object.entries(ROLES)) {
    describe(`as ${role}`, { concurrency: 1 }, () => {
      let page, scripts;

      before(async () => {
        page = await signedIn(browser, demo, sub, '/', { reducedMotion: 'reduce' });
        page.on('response', (response) => {
          if (/\.(js|wasm)(\?|$)/.test(response.url())) scripts.push(response.url());
        });
      });

      /** Goes there as if for the first time. */
      async function open(path) {
        [scripts, page.trouble] = [[], []];
        return page.goto(demo.origin + path);
      }

      for (const { path, from, link } of PAGES.filter((one) => !one.notAs?.includes(role))) {
        test(path ?? `${link}… from ${from}`, async () => {
          const answer = await open(path ?? (await firstLink(from, link)));
          assert.equal(answer.status(), 200);
          await assertReadable(page);
          await assertQuiet();
        });
      }

      async function firstLink(from, start) {
        await open(from);
        const links = await page.locator(`main a[href^="${start}"]`).evaluateAll((all) => all.map((a) => a.getAttribute('href')));
        return links.find((href) => !OTHERS.some((other) => href.startsWith(other) && !start.startsWith(other)));
      }

      async function assertQuiet() {
        assert.deepEqual(page.trouble, []);
        if (await page.locator('leptos-island').count()) {
          await until('the islands to be fetched', () => scripts.length > 0);
        } else {
          assert.deepEqual(scripts, [], 'scripts are fetched where nothing moves');
          const inline = await page.locator('script').allTextContents();
          assert.ok(inline.join('').length <= INLINE_BYTES_MAX, inline.join('\n'));
        }
      }
    });
  }

  describe('when something is wrong', { concurrency: 1 }, () => {
    test('a form that was refused', async () => {
      const page = await signedIn(browser, demo, 'noor.haddad', '/catalogue/payments-prod', { reducedMotion: 'reduce' });
      await page.getByRole('link', { name: 'Request read on payments-prod' }).click();
      await page.getByRole('radio', { name: 'Until a date …' }).check();
      await page.getByRole('button', { name: 'Send the request' }).click();
      await page.getByRole('alert').waitFor();
      await assertReadable(page);
      assert.deepEqual(page.trouble, []);
    });

    test('a decision that was refused', async () => {
      const page = await signedIn(browser, demo, 'ana.ruiz', '/approvals', { reducedMotion: 'reduce' });
      await page.getByRole('button', { name: 'Deny' }).click();
      await page.getByRole('alert').waitFor();
      await assertReadable(page);
      assert.deepEqual(page.trouble, []);
    });

    for (const path of ['/nothing-here', '/requests/01900000-0000-7000-8000-000000000000', '/people/nobody']) {
      test(`a page that is not there, ${path}`, async () => {
        const page = await signedIn(browser, demo, 'ben.okafor', '/', { reducedMotion: 'reduce' });
        assert.equal((await page.goto(demo.origin + path)).status(), 404);
        await assertReadable(page);
      });
    }
  });

  test('the keys of the queue are shown where one looks', async () => {
    const page = await signedIn(browser, demo, 'ana.ruiz', '/approvals', { reducedMotion: 'reduce' });
    const keys = page.getByRole('dialog', { name: 'Keys in the queue' });
    await page.locator('.queue-row').first().focus();
    await until('the keys to be shown', async () => {
      if (await keys.isVisible()) return true;
      await page.keyboard.press('?');
      return false;
    });
    const [box, { height }] = [await keys.boundingBox(), page.viewportSize()];
    assert.ok(box.y >= 0 && box.y + box.height <= height, JSON.stringify(box));
    await assertReadable(page);
    await page.keyboard.press('Escape');
    await keys.waitFor({ state: 'hidden' });
    assert.equal(await page.locator('.queue-row:focus').count(), 1);
    assert.deepEqual(page.trouble, []);
  });

  test('the tasks of somebody who has some', async () => {
    const page = await signedIn(browser, demo, 'ingrid.solberg', '/tasks', { reducedMotion: 'reduce' });
    await page.getByText('It is open').first().waitFor();
    await assertReadable(page);
    assert.deepEqual(page.trouble, []);
  });

  test('a theme that somebody chooses stands against the system’s', async () => {
    const page = await signedIn(browser, demo, 'noor.haddad', '/', { reducedMotion: 'reduce', colorScheme: 'light' });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.locator('summary.menu-summary').click();
    await page.getByRole('button', { name: 'Dark' }).click();
    await page.locator('html[data-theme=dark]').waitFor();
    assert.notEqual(await ground(), light);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('summary.menu-summary').click();
    await page.getByRole('button', { name: 'Light' }).click();
    await page.locator('html[data-theme=light]').waitFor();
    assert.equal(await ground(), light);
  });

  test('what these tests look for would be found', async () => {
    const page = await openWindow(browser);
    await page.setContent(`<html lang="en"><title>Bad</title><main><h1>Bad</h1><p style="color: #ccc; background: #fff">pale</p>
      <details><summary>More</summary><img src="data:,"></details><p style="width: 400px">wide</p></main></html>`);
    await assert.rejects(assertReadable(page), ({ message }) =>
      ['360: wider than the window', 'color-contrast', 'image-alt'].every((fault) => message.includes(fault)));
  });

  describe('before the door', { concurrency: 1 }, () => {
    const doors = { '/signed-out': 200, '/nothing-here': 404, '/auth/callback?state=x&code=y': 400, '/catalogue': 200 };
    for (const [path, status] of Object.entries(doors)) {
      test(`${path} of somebody who is not signed in`, async () => {
        const page = await openWindow(browser, { reducedMotion: 'reduce' });
        assert.equal((await page.goto(demo.origin + path)).status(), status);
        await assertReadable(page);
        assert.equal(await page.locator('script').count(), 0);
      });
    }
  });
});
