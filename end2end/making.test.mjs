// From nothing to something that can be asked for, and on to looser rules, as administrators and owners make it:
// once without JavaScript, once with it.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';

import { startBrowser } from './harness/browser.mjs';
import { signedIn, startDemo } from './harness/demo.mjs';
import { HOSTILE, assertInert } from './harness/hostile.mjs';
import { assertReadable } from './harness/reading.mjs';
import { steps } from './harness/steps.mjs';

const SECRET = 'hunter2-of-this-test';
const WAYS = [
  { name: 'without JavaScript', options: { javaScriptEnabled: false }, system: 'Vault', slug: 'vault-prod' },
  { name: 'with JavaScript', options: { reducedMotion: 'reduce' }, system: 'Strongroom', slug: 'strongroom-prod' },
];

describe('making what can be asked for', { timeout: 240_000 }, () => {
  let browser, demo;

  before(async () => {
    [browser, demo] = await Promise.all([startBrowser(), startDemo()]);
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const way of WAYS) {
    describe(way.name, () => {
      let admin, owner, employee;
      const step = steps();
      const go = (page, path) => page.goto(demo.origin + path);
      const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
      const follow = (page, name) => page.getByRole('link', { name, exact: true }).click();
      const unfold = (page, name) => page.locator('summary').filter({ hasText: name }).click();

      before(async () => {
        const open = (sub) => signedIn(browser, demo, sub, '/', way.options);
        [admin, owner, employee] = await Promise.all(['dev.raman', 'ana.ruiz', 'noor.haddad'].map(open));
      });

      after(async () => {
        const windows = [admin, owner, employee].filter(Boolean);
        await Promise.all(windows.map((page) => page.context().close()));
      });

      step('a password that is typed is refused, and neither shown nor kept', async () => {
        await follow(admin, 'Administration');
        await admin.getByRole('main').getByRole('link', { name: 'Systems' }).click();
        await follow(admin, 'Add a system');
        await admin.getByLabel('Name', { exact: true }).fill(`${way.system} ${HOSTILE}`);
        await admin.getByLabel('Gatebook, at PostgreSQL').check();
        await admin.getByLabel('Address of the database').fill('postgres://gatebook@db.example/vault');
        await admin.getByLabel('Where the password is').fill(SECRET);
        await press(admin, 'Add the system');
        await admin.locator('#f-password-error').getByText('This must be a reference').waitFor();
        assert.equal(await admin.getByLabel('Name', { exact: true }).inputValue(), `${way.system} ${HOSTILE}`);
        assert.equal(await admin.getByLabel('Address of the database').inputValue(), 'postgres://gatebook@db.example/vault');
        assert.ok(!(await admin.content()).includes(SECRET));
        await assertInert(admin);
      });

      step('an administrator adds a system, and a resource to it', async () => {
        await admin.getByLabel('Name', { exact: true }).fill(way.system);
        await admin.getByLabel('People, by hand').check();
        await admin.getByLabel('Owners').fill('ana.ruiz@fjordpay.example');
        await press(admin, 'Add the system');
        await admin.getByText('The system is there. Add its resources next.').waitFor();
        await follow(admin, 'Add a resource');
        await admin.getByLabel('Name', { exact: true }).fill(`${way.system} prod`);
        await admin.getByLabel('Sensitivity').selectOption('high');
        await admin.getByLabel('Longest access').fill('soon');
        await press(admin, 'Add the resource');
        await admin.locator('#f-access_max-error').waitFor();
        assert.equal(await admin.getByLabel('Sensitivity').inputValue(), 'high');
        await admin.getByLabel('Longest access').fill('2 days');
        await press(admin, 'Add the resource');
        await admin.getByText('Add what can be held on it next.').waitFor();
        assert.equal(new URL(admin.url()).pathname, `/catalogue/${way.slug}`);
      });

      step('its owner adds what can be held on it', async () => {
        await go(owner, `/catalogue/${way.slug}`);
        await follow(owner, 'Add an entitlement');
        await owner.getByLabel('Name', { exact: true }).fill('open');
        await owner.getByLabel('Longest access').fill('4 hours');
        await press(owner, 'Add the entitlement');
        await owner.getByText('Saved. It stands in the book').waitFor();
      });

      step('somebody asks for it', async () => {
        await go(employee, `/catalogue/${way.slug}`);
        await employee.getByRole('link', { name: `Request open on ${way.system} prod` }).click();
        await employee.getByLabel('Why you need it').fill('To look after the keys.');
        await press(employee, 'Send the request');
        await employee.getByText('Your request is on its way.').waitFor();
      });

      step('a longer limit waits for somebody else, who confirms it', async () => {
        await go(owner, `/catalogue/${way.slug}`);
        await follow(owner, 'Edit open and its rules');
        await owner.getByLabel('Longest access').fill('8 hours');
        await press(owner, 'Save the entitlement');
        await owner.getByText('These rules are looser, so they wait').waitFor();
        await go(admin, '/tasks');
        const row = admin.getByRole('listitem').filter({ hasText: `open on ${way.system} prod` });
        await row.locator('summary').filter({ hasText: 'Confirm or reject' }).click();
        await row.getByRole('button', { name: 'Confirm the looser rules' }).click();
        await admin.getByText('Confirmed. The looser rules hold from now on.').waitFor();
        await go(employee, `/catalogue/${way.slug}`);
        await employee.getByText('8 hours').waitFor();
      });

      step('a bundle and a job role are picked from everything', async () => {
        for (const [path, save, said] of [
          ['/admin/bundles/new', 'Add the bundle', 'The bundle is saved.'],
          ['/admin/job-roles/new', 'Add the job role', 'The job role is saved.'],
        ]) {
          await go(admin, path);
          await admin.getByLabel('Name', { exact: true }).fill(`${way.system} keeper`);
          await press(admin, save);
          await admin.locator('#f-entitlements-error').waitFor();
          await unfold(admin, way.system);
          await admin.getByLabel(`open on ${way.system} prod`).check();
          await press(admin, save);
          await admin.getByText(said).waitFor();
        }
        await go(employee, `/catalogue?q=${way.system}`);
        const bundle = { name: new RegExp(`^${way.system} keeper`) };
        await employee.locator('#results').getByRole('link', bundle).waitFor();
      });

      step('what a job role explained stands out when it is gone', async () => {
        await go(admin, '/people?q=hannah+schmidt');
        await follow(admin, 'Hannah Schmidt');
        const person = new URL(admin.url()).pathname;
        await unfold(admin, 'Set their job roles');
        await admin.getByLabel('Payments engineer', { exact: true }).uncheck();
        await admin.getByLabel(`${way.system} keeper`, { exact: true }).check();
        await press(admin, 'Set the job roles');
        await admin.getByText('The job roles are set.').waitFor();
        await admin.locator('dl').getByText(`${way.system} keeper`).waitFor();
        await go(admin, '/');
        await admin.getByRole('link', { name: /no longer explained by a job role/ }).click();
        const unexplained = admin.getByRole('region', { name: /No longer explained by a job role/ });
        await unexplained.getByText('was explained by Payments engineer').first().waitFor();
        if (way.options.javaScriptEnabled !== false) await assertReadable(admin);
        await go(admin, person);
        await unfold(admin, 'Set their job roles');
        await admin.getByLabel('Payments engineer', { exact: true }).check();
        await press(admin, 'Set the job roles');
        await admin.getByText('The job roles are set.').waitFor();
      });

      step('what loses its last owner is flagged until it has another', async () => {
        await go(admin, '/people?q=lars+bergqvist');
        await follow(admin, 'Lars Bergqvist');
        for (const [status, isFlagged] of [['left', true], ['active', false]]) {
          const person = new URL(admin.url()).pathname;
          await unfold(admin, 'Change their status');
          await admin.getByLabel('Status').selectOption(status);
          await admin.getByLabel('Reason').last().fill('Of this test.');
          await press(admin, 'Change the status');
          await admin.getByText('The status is changed.').waitFor();
          await go(admin, '/admin');
          const unowned = admin.getByRole('region', { name: 'Without an owner' });
          assert.equal(await unowned.getByText('was owned by Lars Bergqvist').count() > 0, isFlagged);
          if (isFlagged && way.options.javaScriptEnabled !== false) await assertReadable(admin);
          await go(admin, person);
        }
      });

      step('the browser had nothing to complain of', () => {
        assert.deepEqual([admin, owner, employee].flatMap((page) => page.trouble), []);
      });
    });
  }
});
