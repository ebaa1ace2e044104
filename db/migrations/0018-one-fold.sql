-- Two emails are one if they differ in nothing but the case of A to Z (db/fold.ts): lower() under the collation "C", which is the same
-- in every database, where lower() alone follows the database's locale (docs/decisions/0055-one-fold.md).

-- Until now an identity was folded by all of Unicode, so one with other letters than A to Z may stand for an email in another case,
-- which is another identity now. What the email was is known at the other side alone: it is read again before anything new is made
-- there. What was decided about its records stays.
update account_readings a
set read_to = null, records = 0, done_at = null, imports = imports and done_at is null
where exists (select from external_records r
              where (r.system, r.account, r.external_type) = (a.system, a.account, a.external_type) and r.identity collate "C" ~ '[^\x01-\x7f]');
