DROP TABLE business_minute;
DROP TABLE event_audit_head;
DROP TABLE event_audit;
DROP TABLE inbox;
