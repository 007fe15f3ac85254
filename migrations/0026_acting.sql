-- What is done from an alert, and what is asked about it.

-- Both at once, in the order in which they are read: who reads one and waits for the other is not waited for.
lock table alert, alert_step in access exclusive mode;

-- What was done stands on the alert's thread, beside what became of it.
alter table alert_step drop constraint alert_step_kind_check;
alter table alert_step add constraint alert_step_kind_check check (kind in (
    'raised', 'acknowledged', 'assigned', 'commented', 'resolved', 'reopened',
    'revoked', 'suspended', 'asked', 'answered', 'escalated'));
-- What was taken away, who was suspended or asked, what was answered: with the names of then.
alter table alert_step add column what text check (length(what) between 1 and 500);

-- “Was this you?”: what somebody is asked about an alert, and what they answered. They see this, and nothing of the alert.
create table alert_question (
    id uuid primary key,
    alert_id uuid not null references alert,
    person_id uuid not null references person,
    asked_by uuid not null references person check (asked_by <> person_id),
    asked_at timestamptz not null,
    words text not null check (length(words) between 1 and 2000),
    answer text check (answer in ('mine', 'not_mine')),
    said text check (length(said) between 1 and 2000),
    answered_at timestamptz check (answered_at >= asked_at),
    check ((answer is null) = (answered_at is null)),
    check (said is null or answer is not null)
);
create unique index alert_question_open on alert_question (alert_id, person_id) where answer is null;
comment on index alert_question_open is 'alert_question: nobody is asked twice at once about an alert';
create index alert_question_waiting on alert_question (person_id, asked_at) where answer is null;
comment on index alert_question_waiting is 'alert_question: what waits for an answer of a person';

-- What is not told for a time: its scope, why, and until when.
create table suppression (
    id uuid primary key,
    -- The rule's name, and its title as of then.
    rule text not null check (rule ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
    title text not null check (title <> '' and length(title) <= 200),
    -- Whose doing and where; null is whoever and wherever, but not both.
    person_id uuid references person,
    resource_id uuid references resource,
    check (person_id is not null or resource_id is not null),
    reason text not null check (length(reason) between 1 and 2000),
    made_by uuid not null references person check (made_by <> person_id),
    made_at timestamptz not null,
    -- From then on it is told again.
    ends_at timestamptz not null check (ends_at >= made_at),
    -- Who ended it before its time.
    ended_by uuid references person,
    -- How often the rule found something that was not told, and when last.
    times bigint not null default 0 check (times >= 0),
    last_at timestamptz,
    check ((times = 0) = (last_at is null))
);
create index suppression_of_rule on suppression (rule, ends_at);
comment on index suppression_of_rule is 'suppression: whether what a rule found is told now';
create index suppression_newest on suppression (ends_at desc, id desc);
comment on index suppression_newest is 'suppression: the list of all of them, those that hold first';
create index suppression_by_resource on suppression (resource_id) where resource_id is not null;
comment on index suppression_by_resource is 'suppression: those on what somebody owns';

-- Since when it waits: a reopened alert waits anew. Null is since it was raised.
alter table alert add column opened_at timestamptz;
-- When it had waited too long for somebody to take it up; null while it has not, and once it waits anew.
alter table alert add column escalated_at timestamptz;
create index alert_waiting on alert (severity, (coalesce(opened_at, raised_at))) where state = 'open' and escalated_at is null;
comment on index alert_waiting is 'alert: what has waited too long';
