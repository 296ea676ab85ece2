DROP TABLE posting;
DROP TABLE journal_entry;
