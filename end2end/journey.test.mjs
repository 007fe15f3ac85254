// From asking to giving back, as the people of the sample company do it, against a real database as the target:
// once without JavaScript, once with it and by keyboard.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe } from 'node:test';

import { startBrowser } from './harness/browser.mjs';
import { parseCsv } from './harness/csv.mjs';
import { signedIn, startDemo, targetLogin } from './harness/demo.mjs';
import { HOSTILE, assertInert } from './harness/hostile.mjs';
import { connect, connected } from './harness/postgres.mjs';
import { steps } from './harness/steps.mjs';
import { until } from './harness/until.mjs';

const ACCOUNT = 'noor_haddad';
const RATIONALE = `Comparing rows after the incident.\nSee ${HOSTILE}`;
const TICKET = `OPS-900 ${HOSTILE}`;
const SUMMARY = `Agreed. ${HOSTILE}`;

const WAYS = [
  {
    name: 'without JavaScript',
    options: { javaScriptEnabled: false },
    resource: 'payments-prod',
    table: 'payments',
    right: 'payments_read',
    approver: 'ana.ruiz',
    tooLong: '9 hours',
    limit: /longer than 8 hours, the limit of the resource payments-prod/,
    given: 'Given\\s+1 hour',
    find: pressShow,
    decide: decideByForm,
  },
  {
    name: 'with JavaScript and by keyboard',
    options: {},
    resource: 'payments-reporting',
    table: 'payments_reporting',
    right: 'payments_reporting_read',
    approver: 'kwame.mensah',
    tooLong: '9 days',
    limit: /longer than 3 days, the limit of the system Payments database/,
    given: '',
    find: typeAndWait,
    decide: decideByKeys,
  },
];

describe('the journey of a request', { timeout: 240_000 }, () => {
  let browser, demo, target;

  before(async () => {
    [browser, demo] = await Promise.all([startBrowser(), startDemo()]);
    target = await targetLogin(ACCOUNT);
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const way of WAYS) {
    describe(way.name, () => {
      let employee, approver, auditor, requestPath, session;
      const step = steps();
      const what = `read on ${way.resource}`;

      before(async () => {
        const open = (sub) => signedIn(browser, demo, sub, '/', way.options);
        [employee, approver, auditor] = await Promise.all(['noor.haddad', way.approver, 'chiara.lindt'].map(open));
      });

      after(async () => {
        await session?.end().catch(() => {});
        const windows = [employee, approver, auditor].filter(Boolean);
        await Promise.all(windows.map((page) => page.context().close()));
      });

      const go = (page, path) => page.goto(demo.origin + path);

      step('the employee finds what they need in the catalogue', async () => {
        await go(employee, '/catalogue');
        await way.find(employee, way.resource);
        await employee.locator('#results').getByRole('link', { name: way.resource, exact: true }).click();
        await employee.getByRole('heading', { name: way.resource, level: 1 }).waitFor();
      });

      step('hostile words in a search are words', async () => {
        for (const path of ['/catalogue', '/people', '/audit']) {
          await go(employee, `${path}?q=${encodeURIComponent(HOSTILE)}`);
          await assertInert(employee);
        }
        await go(employee, '/catalogue');
        await way.find(employee, HOSTILE);
        await assertInert(employee);
      });

      step('before the grant the target refuses them', async () => {
        await connected(target, async (client) => {
          await assert.rejects(client.query(`select 1 from ${way.table}`), /permission denied/);
          await assert.rejects(client.query(`set role ${way.right}`), /permission denied/);
        });
      });

      step('asking for too long is refused at the field, and everything typed is still there', async () => {
        await go(employee, `/catalogue/${way.resource}`);
        await employee.getByRole('link', { name: `Request ${what}` }).click();
        await employee.getByRole('heading', { name: 'Request access' }).waitFor();
        await employee.getByLabel('Why you need it').fill(RATIONALE);
        await employee.getByRole('radio', { name: 'Exactly …' }).check();
        await employee.getByLabel('Exactly how long').fill(way.tooLong);
        await employee.getByLabel('Ticket').fill(TICKET);
        await employee.getByRole('button', { name: 'Send the request' }).click();

        const duration = employee.getByLabel('Exactly how long');
        await until('the field to be marked', async () => (await duration.getAttribute('aria-invalid')) === 'true');
        assert.match(await employee.locator('#f-duration-error').innerText(), way.limit);
        assert.match(await duration.getAttribute('aria-describedby'), /f-duration-error/);
        await employee.getByRole('alert').getByRole('link', { name: way.limit }).waitFor();
        assert.equal(await employee.getByLabel('Why you need it').inputValue(), RATIONALE);
        assert.equal(await duration.inputValue(), way.tooLong);
        assert.ok(await employee.getByRole('radio', { name: 'Exactly …' }).isChecked());
        assert.equal(await employee.getByLabel('Ticket').inputValue(), TICKET);
        await assertInert(employee);
      });

      step('asking for less is accepted, and the page says who decides', async () => {
        await employee.getByLabel('Exactly how long').fill('2 hours');
        await employee.getByRole('button', { name: 'Send the request' }).click();
        await employee.getByText('Your request is on its way.').waitFor();
        await employee.getByText('waits for a decision').waitFor();
        requestPath = new URL(employee.url()).pathname;
        await assertInert(employee);
      });

      step('the approver decides in the queue', async () => {
        await way.decide(approver, demo.origin, way);
        await approver.getByText(`Approved: Noor Haddad, read on ${way.resource}`).waitFor();
      });

      step('the target opens, and the employee sees it on their first page', async () => {
        session = await connect(target);
        await until('the target to open', () => session.query(`set role ${way.right}`), 30_000);
        const counted = await session.query(`select count(*)::int as rows from ${way.table}`);
        assert.ok(counted.rows[0].rows > 0);
        await until('the book to follow', async () => {
          await go(employee, '/');
          const row = employee.getByRole('listitem').filter({ hasText: what });
          return (await row.getByText('active', { exact: true }).count()) === 1;
        });
        const held = employee.getByRole('listitem').filter({ hasText: what });
        assert.match(await held.innerText(), new RegExp(`as ${ACCOUNT}`));
      });

      step('giving it back ends the open session and closes the target', async () => {
        const ended = new Promise((resolve) => { session.once('end', resolve); });
        await employee.getByRole('listitem').filter({ hasText: what }).getByText('End my access').click();
        await employee.getByRole('button', { name: 'End it now' }).click();
        await employee.getByText('You gave the access back.').waitFor();
        await ended;
        await connected(target, async (client) => {
          await assert.rejects(client.query(`set role ${way.right}`), /permission denied/);
          await assert.rejects(client.query(`select 1 from ${way.table}`), /permission denied/);
        });
      });

      step('the request’s page tells all of it, and the first page holds nothing any more', async () => {
        await until('the book to follow', async () => {
          await go(employee, requestPath);
          return (await employee.locator('.lead').innerText()).includes('taken away');
        });
        assert.match(await employee.locator('.thread').innerText(), /Noor Haddad gave the access back/);
        assert.match(await employee.getByRole('complementary').innerText(), new RegExp(`Asked for\\s+2 hours\\s+${way.given}`));
        await assertInert(employee);
        await go(employee, '/');
        assert.equal(await employee.getByRole('listitem').filter({ hasText: what }).filter({ hasText: 'End my access' }).count(), 0);
      });

      step('the auditor finds the events and opens one', async () => {
        await go(auditor, '/audit?person=Noor+Haddad&action=request.submitted');
        await assertInert(auditor);
        await auditor.locator('.event').filter({ hasText: what }).first().getByRole('link', { name: 'details' }).click();
        await auditor.getByRole('heading', { name: 'What it says' }).waitFor();
        await auditor.getByText('As it stands in the book').waitFor();
        await assertInert(auditor);
        const thread = await auditor.locator('.thread').innerText();
        for (const words of ['asked for', 'approved', 'opened', 'took away']) assert.match(thread, new RegExp(words));
      });

      step('the auditor leaves with the same events as CSV and as JSON lines', async () => {
        await go(auditor, `/audit?person=Noor+Haddad&resource=${way.resource}`);
        const request = requestPath.split('/').at(-1);
        const [csv, lines] = [await download(auditor, 'CSV'), await download(auditor, 'JSON lines')];
        const [begin, ...asObjects] = lines.trimEnd().split('\n').map((line) => JSON.parse(line));
        assert.equal(asObjects.pop().end.id, begin.export.id);
        const asCells = parseCsv(csv).filter((event) => event.record === 'event');
        assert.deepEqual(asCells.map((event) => event.id), asObjects.map((event) => event.id));
        const told = asCells.filter((event) => event.request_id === request).reverse();
        assert.deepEqual(told.map((event) => event.action), [
          'request.submitted', 'request.approved', 'grant.activating', 'grant.activated', 'grant.revoking', 'grant.revoked',
        ]);
        assert.equal(told[0].reason, RATIONALE);
        assert.ok(csv.endsWith('\r\n'));
      });

      step('nothing on the way was blocked or went wrong in the browser', () => {
        assert.deepEqual([employee, approver, auditor].flatMap((page) => page.trouble), []);
      });
    });
  }
});

async function pressShow(page, words) {
  await page.getByRole('main').getByRole('searchbox', { name: 'Search the catalogue' }).fill(words);
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/[?&]q=/);
}

/** The results follow the typing, and the address follows the results. */
async function typeAndWait(page, words) {
  const results = page.locator('#results');
  await until('the results to follow what is typed', async () => {
    const field = page.getByRole('main').getByRole('searchbox', { name: 'Search the catalogue' });
    await field.fill('');
    await field.pressSequentially(words);
    await page.waitForURL((url) => url.searchParams.get('q') === words, { timeout: 3_000 });
    return (await results.innerText()).includes(words);
  });
}

async function decideByForm(page, origin, way) {
  await page.goto(`${origin}/approvals`);
  await page.locator('.queue-row').filter({ hasText: 'Noor Haddad' }).filter({ hasText: way.resource }).click();
  await page.getByRole('heading', { name: `Noor Haddad asks for read on ${way.resource}` }).waitFor();
  await assertInert(page);
  // A summary is needed here, and a decision without one loses nothing.
  await page.getByRole('button', { name: /^Approve until/ }).waitFor();
  await page.getByText('Give less time').click();
  await page.getByLabel('End earlier').fill('1 hour');
  // The button names no end that would not be given.
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await page.locator('#f-summary-error').waitFor();
  assert.equal(await page.getByLabel('End earlier').inputValue(), '1 hour');
  await page.getByLabel('Summary').fill(SUMMARY);
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
}

async function decideByKeys(page, origin, way) {
  await page.goto(`${origin}/approvals`);
  const inFocus = (selector) => page.locator(`${selector}:focus`);
  const wanted = inFocus('.queue-row').filter({ hasText: 'Noor Haddad' }).filter({ hasText: way.resource });
  await page.locator('.queue-row').first().focus();
  await until('j to lead to the request', async () => {
    if (await wanted.count()) return true;
    await page.keyboard.press('j');
    return false;
  });
  await page.keyboard.press('k');
  assert.equal(await wanted.count(), 0);
  await page.keyboard.press('j');
  assert.equal(await wanted.count(), 1);
  await page.keyboard.press('a');
  await page.getByRole('heading', { name: `Noor Haddad asks for read on ${way.resource}` }).waitFor();
  await until('the approval to have the focus', async () => (await inFocus('button[value=approve]').count()) === 1);
  await assertInert(page);
  await page.keyboard.press('Enter');
}

async function download(page, name) {
  const begun = page.waitForEvent('download');
  await page.getByRole('link', { name }).click();
  return readFile(await (await begun).path(), 'utf8');
}
