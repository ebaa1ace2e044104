-- Refused inbound events of one reason, newest first: a rare reason among many refusals of another one.
create index inbound_refusals_reason on inbound_refusals (reason, id);
