// Finding things in the book, in a browser: watching what happens.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { openWindow, startBrowser } from './harness/browser.mjs';
import { signedIn, startDemo } from './harness/demo.mjs';
import { assertReadable } from './harness/reading.mjs';
import { until } from './harness/until.mjs';

describe('finding in the book', { timeout: 240_000, concurrency: 1 }, () => {
  let browser, demo;

  before(async () => {
    [browser, demo] = await Promise.all([startBrowser(), startDemo()]);
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  /** Somebody signs in, which is an event. */
  const signIn = async (sub) => {
    const page = await signedIn(browser, demo, sub);
    await page.context().close();
  };

  describe('watching', { concurrency: 1 }, () => {
    let page;
    const rows = () => page.locator('#events .event');
    const newest = () => rows().first().innerText();

    before(async () => {
      page = await signedIn(browser, demo, 'chiara.lindt', '/audit?q=action:session.signed_in', { reducedMotion: 'reduce' });
      await page.getByRole('button', { name: 'Watch', exact: true }).click();
      await page.getByText('Watching: new events appear here.').waitFor();
      // Elsewhere than at the rows, which do not move under it.
      await page.mouse.move(5, 5);
    });

    test('what happens appears by itself, and what does not match does not', async () => {
      const before = await rows().count();
      await signIn('noor.haddad');
      await until('the sign-in to appear', async () => /Noor Haddad signed in/.test(await newest()));
      assert.equal(await rows().count(), before + 1);
      assert.deepEqual(page.trouble, []);
    });

    test('while paused it is counted, and comes when it goes on', async () => {
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.mouse.move(5, 5);
      await signIn('ben.okafor');
      await page.getByRole('button', { name: 'Show 1 new' }).waitFor();
      assert.doesNotMatch(await newest(), /Ben Okafor/);
      await page.getByRole('button', { name: 'Go on watching' }).click();
      await until('the sign-in to appear', async () => /Ben Okafor signed in/.test(await newest()));
      await assertReadable(page);
    });

    test('nothing moves under the pointer', async () => {
      await rows().nth(2).hover();
      await signIn('ana.ruiz');
      await page.getByRole('button', { name: 'Show 1 new' }).waitFor();
      assert.doesNotMatch(await newest(), /Ana Ruiz/);
      await page.mouse.move(5, 5);
      await until('the sign-in to appear', async () => /Ana Ruiz signed in/.test(await newest()));
    });

    test('it ends when the session does', async () => {
      const other = await page.context().newPage();
      await other.goto(`${demo.origin}/`);
      await other.locator('summary.menu-summary').click();
      await other.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are signed out.').waitFor();
      await page.getByRole('button', { name: 'Load the page again' }).waitFor();
      assert.deepEqual(page.trouble, []);
    });

    test('without JavaScript there is no button for it', async () => {
      const plain = await signedIn(browser, demo, 'chiara.lindt', '/audit', { javaScriptEnabled: false });
      assert.equal(await plain.getByRole('button', { name: 'Watch' }).isVisible(), false);
    });
  });

  test('a query is saved, renamed, shared, opened by somebody else, and deleted, without JavaScript', async () => {
    const page = await signedIn(browser, demo, 'chiara.lindt', '/audit?q=outcome:denied', { javaScriptEnabled: false });
    const fold = (where) => where.locator('summary', { hasText: 'Saved queries' });
    await fold(page).click();
    await page.getByLabel('Save this query as').fill('Refused');
    await page.getByRole('button', { name: 'Save the query' }).click();
    await page.getByRole('status').getByText('Saved.').waitFor();
    await fold(page).click();
    await page.locator('.saved summary', { hasText: 'Change Refused' }).click();
    await page.locator('.saved').getByLabel('Name').fill('');
    await page.getByRole('button', { name: 'Save the change' }).click();
    await page.getByRole('alert').waitFor();
    await page.locator('.saved').getByLabel('Name').fill('Refused attempts');
    await page.locator('.saved').getByLabel('Share with auditors').check();
    await page.getByRole('button', { name: 'Save the change' }).click();
    await page.getByRole('status').getByText('Saved.').waitFor();

    const other = await signedIn(browser, demo, 'dev.raman', '/audit', { javaScriptEnabled: false });
    await fold(other).click();
    await other.getByText('shared by Chiara Lindt').waitFor();
    await other.getByRole('link', { name: 'Refused attempts' }).click();
    assert.equal(new URL(other.url()).searchParams.get('q'), 'outcome:denied');

    await fold(page).click();
    await page.locator('.saved summary', { hasText: 'Change Refused attempts' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('status').getByText('Deleted.').waitFor();
    assert.equal(await page.locator('.saved').count(), 0);
  });

  test('columns are chosen with a form, stand in the address and stay while one narrows', async () => {
    const page = await signedIn(browser, demo, 'chiara.lindt', '/audit?q=outcome:denied', { javaScriptEnabled: false });
    await page.locator('summary', { hasText: 'Columns' }).click();
    for (const name of ['Time', 'Who', 'What was done']) await page.locator('.columns').getByLabel(name, { exact: true }).check();
    await page.getByRole('button', { name: 'Show the table' }).click();
    assert.equal(new URL(page.url()).searchParams.get('columns'), 'time,actor,action');
    assert.deepEqual(await page.getByRole('columnheader').allTextContents(), ['Time', 'Who', 'What was done']);
    await page.getByRole('link', { name: '7 days' }).click();
    assert.deepEqual(await page.getByRole('columnheader').allTextContents(), ['Time', 'Who', 'What was done']);
    assert.equal(new URL(page.url()).searchParams.get('q'), 'outcome:denied after:7d');
  });

  describe('typing a query', { concurrency: 1 }, () => {
    let page, line;
    const options = () => page.locator('#suggest').getByRole('option');

    before(async () => {
      page = await signedIn(browser, demo, 'chiara.lindt', '/audit', { reducedMotion: 'reduce' });
      line = page.getByRole('combobox', { name: 'Query' });
      await line.waitFor();
    });

    test('fields and names are offered, taken with the keyboard, and undone', async () => {
      await line.pressSequentially('pers');
      await until('a field to be offered', async () => /^person:/.test(await options().first().innerText()));
      await assertReadable(page);
      await line.press('ArrowDown');
      const chosen = await line.getAttribute('aria-activedescendant');
      assert.equal(await page.locator(`#${chosen}`).getAttribute('aria-selected'), 'true');
      await line.press('Tab');
      assert.equal(await line.inputValue(), 'person:');
      await line.pressSequentially('okaf');
      await until('a name to be offered', async () => (await options().allInnerTexts()).some((text) => /Ben Okafor/.test(text)));
      await line.press('ArrowDown');
      await line.press('Enter');
      assert.equal(await line.inputValue(), 'person:="Ben Okafor" ');
      assert.equal(await options().count(), 0);
      await line.press('Control+z');
      assert.equal(await line.inputValue(), 'person:okaf');
    });

    test('Escape closes the list and keeps the text, and Enter searches where nothing was chosen', async () => {
      await line.fill('');
      await line.pressSequentially('outcome:d');
      await options().first().waitFor();
      await line.press('Escape');
      assert.deepEqual([await options().count(), await line.inputValue()], [0, 'outcome:d']);
      await line.press('ArrowDown');
      await options().filter({ hasText: 'denied' }).click();
      assert.equal(await line.inputValue(), 'outcome:denied ');
      await line.press('Enter');
      await page.waitForURL('**/audit?q=outcome*');
      assert.equal(await page.locator('.chip').first().innerText().then((text) => text.split('\n')[0].trim().split(' ')[0]), 'outcome:denied');
      assert.deepEqual(page.trouble, []);
    });
  });

  test('dragging over days looks for what happened then, and a click for one day', async () => {
    const page = await signedIn(browser, demo, 'chiara.lindt', '/audit?q=action:request.*&columns=time,actor', { reducedMotion: 'reduce' });
    await page.waitForLoadState('networkidle');
    const box = await page.locator('.days-bars').boundingBox();
    const at = (day) => [box.x + (box.width * (day + 0.5)) / 30, box.y + box.height / 2];
    await page.mouse.move(...at(25));
    await page.mouse.down();
    await page.mouse.move(...at(22), { steps: 4 });
    await page.mouse.up();
    await page.waitForURL('**during*');
    const query = new URL(page.url()).searchParams;
    const [, from, to] = /^action:request\.\* during:(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/.exec(query.get('q'));
    assert.equal((Date.parse(to) - Date.parse(from)) / 86_400_000, 3);
    assert.equal(query.get('columns'), 'time,actor');
    assert.equal(await page.locator('.days-day').count() <= 4, true);
    await page.locator('.days-day').first().click();
    await until('one day to be looked for', () => /during:\d{4}-\d\d-\d\d$/.test(new URL(page.url()).searchParams.get('q')));
    assert.deepEqual(page.trouble, []);
  });

  test('a server that stops does not wait for those who watch', async () => {
    const page = await signedIn(browser, demo, 'chiara.lindt', '/audit', { reducedMotion: 'reduce' });
    await page.getByRole('button', { name: 'Watch', exact: true }).click();
    await page.getByText('Watching: new events appear here.').waitFor();
    await until('the stream to be open', () => page.getByText('Watching: new').isVisible());
    const { code } = await demo.gatebook.stop();
    assert.equal(code, 0);
    assert.doesNotMatch(demo.gatebook.output, /cut off/);
  });
});
