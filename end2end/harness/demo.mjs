// The demo with its sample company, new each time; one test at a time has it, as its databases have fixed names.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openWindow } from './browser.mjs';
import { freePair } from './ports.mjs';
import { connect, superuserUrl, withLogin } from './postgres.mjs';
import { Gatebook } from './process.mjs';
import { until } from './until.mjs';

const DATABASES = ['gatebook_demo', 'gatebook_demo_target', 'gatebook_demo_ledger'];
const MADE_BY_DEMO = 'made by gatebook demo';
const READY_WITHIN_MS = 60_000;
/** Any number that nobody else locks. */
const LOCK = 7016996765293437284n;

/** Starts it, on a superuser's server without a demo of somebody else's. */
export async function startDemo() {
  const lock = await connect(superuserUrl());
  const state = await mkdtemp(join(tmpdir(), 'gatebook-demo-'));
  let gatebook;
  const stop = async () => {
    await gatebook?.stop();
    await forget(lock).finally(() => lock.end());
    await rm(state, { recursive: true });
  };
  try {
    await lock.query('select pg_advisory_lock($1)', [LOCK]);
    await forget(lock);
    const port = await freePair();
    gatebook = new Gatebook(['demo', '--postgres', superuserUrl(), '--port', String(port), '--state', state]);
    await until('the demo to be ready', () => {
      gatebook.mustRun();
      return gatebook.output.includes('gatebook is ready: ');
    }, READY_WITHIN_MS);
    return { origin: `http://127.0.0.1:${port}`, stop, gatebook };
  } catch (error) {
    await stop();
    throw new Error(`the demo did not start:\n${gatebook?.output}`, { cause: error });
  }
}

/** Drops what demos before this one made, and nothing else. */
async function forget(admin) {
  const made = await admin.query(
    "select datname from pg_database where datname = any ($1) and shobj_description(oid, 'pg_database') = $2",
    [DATABASES, MADE_BY_DEMO],
  );
  for (const { datname } of made.rows) await admin.query(`drop database ${datname} with (force)`);
}

/** A window in which this person of the company (`noor.haddad`) has signed in and stands before `path`. */
export async function signedIn(browser, demo, sub, path = '/', options = {}) {
  const page = await openWindow(browser, options);
  await page.goto(demo.origin + path);
  await page.locator(`button[name=sub][value="${sub}"]`).click();
  await page.waitForURL(`${demo.origin}/**`);
  return page;
}

/** The address of the database that the company's accounts lead to, for one account. */
export async function targetLogin(account) {
  const password = 'of-this-test';
  const admin = await connect(superuserUrl());
  try {
    await admin.query(`alter role ${account} login password '${password}'`);
  } finally {
    await admin.end();
  }
  return withLogin({ database: 'gatebook_demo_target', user: account, password });
}
