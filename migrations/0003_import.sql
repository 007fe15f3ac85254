-- History brought in from elsewhere does not say why access was taken away, nor how that is known.
alter table access_grant drop constraint access_grant_cause_check;
alter table access_grant add constraint access_grant_cause_check
    check (cause in ('holder', 'owner', 'administrator', 'leaver', 'suspended', 'resource_deleted',
        'limit_lowered', 'not_recorded'));
alter table access_grant drop constraint access_grant_removal_known_check;
alter table access_grant add constraint access_grant_removal_known_check
    check (removal_known in ('verified', 'still_held', 'attested', 'never_active', 'not_recorded'));
