DROP INDEX dead_letter_open_idx;
DROP TABLE redrive_item;
DROP TABLE redrive_plan;
