-- Columns get the words of the glossary (docs/glossary.md); what they hold stays.
alter table external_mappings rename column void_mark to void_tag;

alter table sweeps rename column unheard_from to lost_from;
alter table sweeps rename column unheard_to to lost_to;

alter table sync_conflicts rename column turned_at to reversed_at;
update sync_conflicts set note = 'reversed' where note = 'turned';
