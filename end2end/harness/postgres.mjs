// The Postgres that tests may make databases in: GATEBOOK_TEST_POSTGRES, as its superuser.

import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The superuser's address. */
export function superuserUrl() {
  const url = process.env.GATEBOOK_TEST_POSTGRES;
  if (!url) throw new Error('GATEBOOK_TEST_POSTGRES must name a Postgres superuser: `cargo xtask test --only browser` does');
  return url;
}

/** The same server with another database or login. */
export function withLogin({ database, user, password }) {
  const url = new URL(superuserUrl());
  if (database) url.pathname = `/${database}`;
  if (user) [url.username, url.password] = [user, password];
  return url.href;
}

/** Connects, calls, and closes, whatever happens. */
export async function connected(url, work) {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A connection, which a server may end at any time. */
export async function connect(url) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** The rows that a statement answers. */
export async function rows(url, statement, values = []) {
  return connected(url, async (client) => (await client.query(statement, values)).rows);
}

/** A new database with an owner that may make roles, and the name of an application role that is not there yet. */
export async function freshDatabase() {
  const name = `gatebook_test_${randomBytes(6).toString('hex')}`;
  const [owner, application] = [`${name}_owner`, `${name}_app`];
  const password = randomBytes(12).toString('hex');
  await connected(superuserUrl(), async (admin) => {
    await admin.query(`create role ${owner} login createrole password '${password}'`);
    await admin.query(`create database ${name} owner ${owner}`);
  });
  return {
    owner: withLogin({ database: name, user: owner, password }),
    application: withLogin({ database: name, user: application, password }),
    superuser: withLogin({ database: name }),
    drop: () => connected(superuserUrl(), async (admin) => {
      await admin.query(`drop database ${name} with (force)`);
      await admin.query(`drop role if exists ${application}`);
      await admin.query(`drop role ${owner}`);
    }),
  };
}
