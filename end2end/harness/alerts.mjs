// Alerts of a company that is quiet otherwise, as its rules would have raised them.

import { connected, withLogin } from './postgres.mjs';

/** What Ben is asked about the first of them. */
export const QUESTION = '/questions/01930000-0000-7000-8000-000000000008';

const ID = '01930000-0000-7000-8000-00000000000';

/** One that is open, one that is taken up and one that is over, on what Ana owns; answers their paths. Ben is asked about the first, and
 * what the last was accepted for is silent. */
export async function raiseAlerts() {
  const alerts = [
    { state: 'open', severity: 'high', sentence: 'Ben Okafor used payments-prod, and no grant covers it' },
    { state: 'acknowledged', severity: 'low', sentence: 'Ben Okafor used payments-prod for the first time' },
    { state: 'resolved', severity: 'low', sentence: 'Ben Okafor used payments-prod at night' },
  ];
  await connected(withLogin({ database: 'gatebook_demo' }), async (client) => {
    for (const [index, { state, severity, sentence }] of alerts.entries()) {
      const is_over = state === 'resolved';
      await client.query(
        `insert into alert (id, rule, title, severity, key, sentence, person_id, system_id, resource_id, state, verdict,
           accepted_until, resolved_at, raised_at, first_at, last_at, times, late_seconds)
         select $1, 'use-not-covered', 'Use that no grant covers', $2, $3, $3, p.id, r.system_id, r.id, $4,
           case when $5 then 'accepted' end, case when $5 then now() + interval '9 days' end, case when $5 then now() end,
           now(), now() - interval '2 hours', now(), 200, 86400
         from person p, resource r where p.name = 'Ben Okafor' and r.slug = 'payments-prod'`,
        [ID + index, severity, sentence, state, is_over],
      );
      await client.query(
        `insert into alert_event select $1, p.position from event_position p join event e on e.id = p.event_id
         join person b on b.id = e.actor_id where b.name = 'Ben Okafor' order by p.position limit 5`,
        [ID + index],
      );
      await client.query(
        `insert into alert_step (alert_id, event_id, at, kind, by_name) values ($1, gen_random_uuid(), now(), 'raised', 'Gatebook')`,
        [ID + index],
      );
    }
    await client.query(
      `insert into alert_question (id, alert_id, person_id, asked_by, asked_at, words)
       select $1, $2, b.id, a.id, now(), 'Was this you?' from person a, person b
       where a.name = 'Ana Ruiz' and b.name = 'Ben Okafor'`,
      [ID + 8, ID + 0],
    );
    await client.query(
      `insert into suppression (id, rule, title, person_id, resource_id, reason, made_by, made_at, ends_at, times, last_at)
       select $1, 'use-not-covered', 'Use that no grant covers', b.id, r.id, 'The migration runs until then.', a.id, now(),
         now() + interval '9 days', 12, now()
       from person a, person b, resource r
       where a.name = 'Ana Ruiz' and b.name = 'Ben Okafor' and r.slug = 'payments-prod'`,
      [ID + 9],
    );
  });
  return alerts.map((_, index) => `/alerts/${ID}${index}`);
}
