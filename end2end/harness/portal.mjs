// The product as it is installed: `migrate`, then `serve` and `work` with settings from the environment.

import { freePort } from './ports.mjs';
import { Gatebook, run } from './process.mjs';
import { until } from './until.mjs';

export const ADMIN_GROUP = 'access-administrators';
export const AUDITOR_GROUP = 'access-auditors';

/** The settings of a portal on that port. */
export function settingsOf(port, database, provider) {
  return {
    DATABASE_URL: database.application,
    GATEBOOK_LISTEN: `127.0.0.1:${port}`,
    GATEBOOK_PUBLIC_URL: `http://127.0.0.1:${port}`,
    GATEBOOK_OIDC_ISSUER: provider.issuer,
    GATEBOOK_OIDC_CLIENT_ID: provider.client.id,
    GATEBOOK_OIDC_CLIENT_SECRET: provider.client.secret,
    GATEBOOK_ADMIN_GROUPS: ADMIN_GROUP,
    GATEBOOK_AUDITOR_GROUPS: AUDITOR_GROUP,
    GATEBOOK_SIGN_INS_PER_MINUTE: '0',
  };
}

/** Brings the database up to date and makes the application's role. */
export async function migrate(database) {
  const ended = await run(['migrate'], { DATABASE_URL: database.application, DATABASE_ADMIN_URL: database.owner });
  if (ended.code !== 0) throw new Error(`gatebook migrate failed:\n${ended.output}`);
}

/** Starts `serve` and waits until it is ready. */
export async function serve(settings) {
  const gatebook = new Gatebook(['serve'], settings);
  const origin = settings.GATEBOOK_PUBLIC_URL;
  try {
    await until(`${origin} to be ready`, async () => {
      gatebook.mustRun();
      return (await fetch(`${origin}/readyz`)).ok;
    });
  } catch (error) {
    await gatebook.stop();
    throw new Error(`gatebook serve did not get ready:\n${gatebook.output}`, { cause: error });
  }
  return Object.assign(gatebook, { origin });
}

export { Gatebook, freePort, run };
