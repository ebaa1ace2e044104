-- A record that is no row's counterpart, and is known all the same: a second record of a row (role alias), or one that stayed at the
-- other side when its row was deleted (state detached).
--   known_email  its email as it was last read there, by which an alias is told from a person of its own.
--   void_mark    an owner tag on it that does not count any more: a person linked the row with another record, or the record has
--                an email of its own by now. The tag itself stays at the other side until the record gets another one.
alter table external_mappings
  add column known_email text,
  add column void_mark uuid;

update external_mappings m set known_email = m.shadow -> 'email' ->> 'theirs' where m.state = 'detached';
