-- History that is brought in has requests of its own: who proposed what for whom and when, and that it was done. Who
-- decided it, under which policy and for how long is not recorded there, and nothing is put in its place.
alter table access_request add column origin text not null default 'filed' check (origin in ('filed', 'imported'));
alter table access_request alter column policy_version_id drop not null;
alter table access_request alter column decide_by drop not null;
alter table access_request
    drop constraint access_request_approval_method_check,
    drop constraint access_request_check,
    drop constraint access_request_check1,
    add constraint access_request_approval_method
        check (approval_method in ('reviewed', 'automatic', 'not_recorded')
            and (approval_method = 'not_recorded') = (origin = 'imported')),
    add constraint access_request_asked
        check (num_nonnulls(asked_seconds, asked_until) = case origin when 'imported' then 0 else 1 end),
    add constraint access_request_given
        check (num_nonnulls(given_seconds, given_until)
            = case when origin = 'filed' and state = 'approved' then 1 else 0 end),
    add constraint access_request_filed_here
        check (origin = 'imported' or num_nonnulls(policy_version_id, decide_by) = 2),
    add constraint access_request_past
        check (origin = 'filed' or state = 'approved' and num_nonnulls(policy_version_id, decide_by) = 0);
