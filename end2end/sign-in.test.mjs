// Coming in and leaving, with a real sign-in provider and the real settings.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { openWindow, startBrowser } from './harness/browser.mjs';
import { ADMIN_GROUP, AUDITOR_GROUP, migrate, serve, settingsOf } from './harness/portal.mjs';
import { freePort } from './harness/ports.mjs';
import { freshDatabase, rows } from './harness/postgres.mjs';
import { Gatebook, run } from './harness/process.mjs';
import { startProvider } from './harness/provider.mjs';
import { until } from './harness/until.mjs';

const account = (name, email, groups, zoneinfo = 'Europe/Lisbon') =>
  ({ name, email: `${email}@example.com`, email_verified: true, groups, zoneinfo });

/** What the audit says above its events. */
const ALL_EVENTS = 'Every step of every access';
const OWN_EVENTS = 'What stands in the book about you';

describe('signing in', { timeout: 120_000 }, () => {
  const accounts = {
    adele: account('Adele Admin', 'adele', ['staff', ADMIN_GROUP]),
    bashir: account('Bashir Audit', 'bashir', [AUDITOR_GROUP], 'Asia/Tokyo'),
    carla: account('Carla Employee', 'carla', ['staff']),
    doan: account('Doan Twin', 'carla', ['staff']),
  };
  let browser, database, provider, settings, portal;

  before(async () => {
    const port = await freePort();
    database = await freshDatabase();
    provider = await startProvider(accounts, [`http://127.0.0.1:${port}`]);
    settings = settingsOf(port, database, provider);
    [browser] = await Promise.all([startBrowser(), migrate(database)]);
    portal = await serve(settings);
  });

  after(async () => {
    await browser?.close();
    await portal?.stop();
    await provider?.stop();
    await database?.drop();
  });

  /** A window in which this person goes to `path` and signs in on the way. */
  async function signedIn(sub, path = '/') {
    const page = await openWindow(browser);
    await page.goto(portal.origin + path);
    await choose(page, sub);
    return page;
  }

  async function choose(page, sub) {
    await page.getByRole('link', { name: accounts[sub].name }).click();
    await page.waitForURL(`${portal.origin}/**`);
  }

  const isAsked = (page) => page.getByRole('heading', { name: 'Who are you?' }).waitFor();
  const isGreeted = (page, first) => page.getByRole('heading', { name: `Hello ${first}` }).waitFor();
  const rail = (page) => page.getByRole('navigation', { name: 'Main' });

  async function signOut(page) {
    await page.locator('summary.menu-summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
  }

  test('an employee comes in with the name and the time zone that the provider says', async () => {
    const page = await signedIn('carla');
    await isGreeted(page, 'Carla');
    assert.match(await rail(page).innerText(), /Times in\s+Europe\/Lisbon/);
    assert.deepEqual(page.trouble, []);
  });

  test('an employee reads what the book says about themselves and changes nobody’s status', async () => {
    const page = await signedIn('carla', '/audit');
    await page.getByText(OWN_EVENTS).waitFor();
    assert.equal(await page.getByText(ALL_EVENTS).count(), 0);
    await openPerson(page, 'Carla Employee');
    assert.equal(await page.getByText('Change their status').count(), 0);
  });

  test('the administrators’ group makes somebody an administrator', async () => {
    const page = await signedIn('adele', '/audit');
    await page.getByText(ALL_EVENTS).waitFor();
    await openPerson(page, 'Carla Employee');
    await page.getByText('Change their status').click();
    await page.getByRole('button', { name: 'Change the status' }).waitFor();
  });

  test('the auditors’ group makes somebody an auditor and no more', async () => {
    const page = await signedIn('bashir', '/audit');
    await page.getByText(ALL_EVENTS).waitFor();
    await openPerson(page, 'Carla Employee');
    assert.equal(await page.getByText('Change their status').count(), 0);
  });

  async function openPerson(page, name) {
    await page.goto(`${portal.origin}/people?q=${encodeURIComponent(name)}`);
    await page.getByRole('main').getByRole('link', { name }).click();
    await page.getByRole('heading', { name }).waitFor();
  }

  test('signing in leads back to the page that was asked for, with its query', async () => {
    const page = await signedIn('carla', '/catalogue?q=payments&held=on');
    assert.equal(page.url(), `${portal.origin}/catalogue?q=payments&held=on`);
  });

  for (const elsewhere of ['//example.org/', 'https://example.org/', '/\\example.org', '/sign-out']) {
    test(`signing in never leads back to ${elsewhere}`, async () => {
      const page = await signedIn('carla', `/sign-in?return_to=${encodeURIComponent(elsewhere)}`);
      assert.equal(page.url(), `${portal.origin}/`);
    });
  }

  test('somebody who gives up at the provider is told that nobody was signed in, and can try again', async () => {
    const page = await openWindow(browser);
    await page.goto(portal.origin);
    await page.getByRole('link', { name: 'Not now' }).click();
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await isAsked(page);
  });

  test('going back to an answer of the provider’s that was used signs nobody in', async () => {
    const page = await openWindow(browser);
    let callback;
    page.on('request', (request) => {
      if (request.url().includes('/auth/callback')) callback = request.url();
    });
    await page.goto(portal.origin);
    await choose(page, 'carla');
    const other = await openWindow(browser);
    const answer = await other.goto(callback);
    assert.equal(answer.status(), 400);
    await other.getByRole('heading', { name: 'This sign-in cannot be finished' }).waitFor();
  });

  test('signing out ends the session here and at the provider', async () => {
    const page = await signedIn('carla');
    await signOut(page);
    // The provider asks whether it should sign out there as well.
    await page.getByRole('button', { name: 'Yes' }).click();
    await page.waitForURL(`${portal.origin}/signed-out*`);
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await page.goto(portal.origin);
    await isAsked(page);
    assert.deepEqual(page.trouble, []);
  });

  test('signing out at the provider ends this browser’s session behind its back, and no other one', async () => {
    const [page, other] = [await signedIn('carla'), await signedIn('carla')];
    const told = once(provider.events, 'backchannel.success', { signal: AbortSignal.timeout(15_000) });
    const away = await page.context().newPage();
    await away.goto(`${provider.issuer}/session/end`);
    await away.getByRole('button', { name: 'Yes' }).click();
    await told;
    await page.goto(`${portal.origin}/requests`);
    await isAsked(page);
    await other.goto(`${portal.origin}/requests`);
    await other.getByRole('heading', { name: 'Your requests' }).waitFor();
  });

  test('a sign-in can be asked for anew, and comes back to where it was asked for', async () => {
    const page = await signedIn('carla');
    await page.goto(`${portal.origin}/sign-in?again=1&return_to=/approvals`);
    await isAsked(page);
    await choose(page, 'carla');
    assert.equal(page.url(), `${portal.origin}/approvals`);
  });

  test('a role goes within the hour after its group did, without a page of the provider’s', async () => {
    accounts.erik = account('Erik Former', 'erik', [ADMIN_GROUP]);
    const page = await signedIn('erik', '/audit');
    await page.getByText(ALL_EVENTS).waitFor();
    accounts.erik.groups = [];
    await rows(database.superuser, `update session set roles_read_at = roles_read_at - interval '61 minutes'
      where person_id = (select id from person where email = 'erik@example.com')`);
    await page.reload();
    await page.getByText(OWN_EVENTS).waitFor();
    assert.equal(page.url(), `${portal.origin}/audit`);
  });

  test('somebody else with the same address is refused', async () => {
    const page = await signedIn('doan');
    await page.getByRole('heading', { name: 'You cannot come in' }).waitFor();
    await page.goto(`${portal.origin}/catalogue`);
    assert.equal(await rail(page).count(), 0);
  });

  test('somebody unknown becomes an employee, and the book says so', async () => {
    accounts.fay = account('Fay New', 'fay', []);
    await isGreeted(await signedIn('fay'), 'Fay');
    const events = await rows(database.superuser, `select action from event
      where subject_name = 'Fay New' or actor_name = 'Fay New' order by recorded_at, id`);
    assert.deepEqual(events.map((event) => event.action), ['person.created', 'session.signed_in']);
  });

  describe('with other settings', () => {
    async function restart(change) {
      assert.deepEqual(await portal.stop(), { code: 0, signal: null });
      portal = await serve({ ...settings, ...change });
    }

    test('somebody unknown is refused where the settings say so, and people who are known come in', async () => {
      await restart({ GATEBOOK_UNKNOWN_PEOPLE: 'refuse' });
      accounts.gus = account('Gus Stranger', 'gus', [ADMIN_GROUP]);
      const page = await signedIn('gus');
      await page.getByRole('heading', { name: 'You cannot come in' }).waitFor();
      assert.match(await page.locator('body').innerText(), /does not know you yet/);
      await isGreeted(await signedIn('carla'), 'Carla');
    });

    test('while the provider is away, signed-in people go on, and others read why they cannot come in', async () => {
      const inside = await signedIn('carla');
      await provider.stop();
      await restart({});
      await inside.goto(`${portal.origin}/requests`);
      await inside.getByRole('heading', { name: 'Your requests' }).waitFor();

      const outside = await openWindow(browser);
      const answer = await outside.goto(`${portal.origin}/catalogue`);
      assert.equal(answer.status(), 503);
      await outside.getByRole('heading', { name: 'Signing in does not work right now' }).waitFor();

      await provider.listen();
      await until('the provider to be noticed', async () => {
        await outside.getByRole('link', { name: 'Try again' }).click();
        return outside.url().startsWith(provider.issuer);
      });
      await choose(outside, 'carla');
      assert.equal(outside.url(), `${portal.origin}/catalogue`);
    });
  });

  describe('starting', () => {
    for (const command of ['serve', 'work']) {
      test(`\`${command}\` refuses a database role that could rewrite the book`, async () => {
        const ended = await run([command], { ...settings, DATABASE_URL: database.owner });
        assert.equal(ended.code, 1);
        assert.match(ended.output, /DATABASE_URL names a role that could rewrite the book/);
      });

      test(`\`${command}\` refuses a superuser`, async () => {
        const ended = await run([command], { ...settings, DATABASE_URL: database.superuser });
        assert.equal(ended.code, 1);
        assert.match(ended.output, /DATABASE_URL names a role that could rewrite the book/);
      });
    }

    const needed = ['DATABASE_URL', 'GATEBOOK_PUBLIC_URL', 'GATEBOOK_OIDC_ISSUER', 'GATEBOOK_OIDC_CLIENT_ID',
      'GATEBOOK_OIDC_CLIENT_SECRET', 'GATEBOOK_ADMIN_GROUPS'];
    for (const name of needed) {
      test(`\`serve\` does not start without ${name}, and says so without telling a secret`, async () => {
        const { [name]: _, ...others } = settings;
        const ended = await run(['serve'], others);
        assert.equal(ended.code, 1);
        assert.match(ended.output, new RegExp(`${name} is missing`));
        assert.ok(!ended.output.includes(settings.GATEBOOK_OIDC_CLIENT_SECRET));
      });
    }

    test('`migrate` does not start without the owner’s way to the database', async () => {
      const ended = await run(['migrate'], { DATABASE_URL: database.application });
      assert.equal(ended.code, 1);
      assert.match(ended.output, /DATABASE_ADMIN_URL is missing/);
    });

    test('`migrate` may be run again', async () => {
      await migrate(database);
    });

    test('`work` runs as the application’s role and ends when it is told to', async (t) => {
      await portal.stop();
      const work = new Gatebook(['work'], { DATABASE_URL: database.application });
      t.after(() => work.stop());
      const { username } = new URL(database.application);
      await until('work to be at the database', async () => {
        work.mustRun();
        return (await rows(database.superuser, 'select 1 from pg_stat_activity where usename = $1', [username])).length;
      });
      assert.deepEqual(await work.stop(), { code: 0, signal: null });
    });
  });
});
