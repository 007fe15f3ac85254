-- What a grant was opened with, so that it is closed there, too, whatever is renamed or moved meanwhile.
alter table access_grant
    add column opened_account text,
    add column opened_target text,
    add column opened_settings jsonb;
