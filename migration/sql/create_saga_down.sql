DROP TABLE dead_letter;
DROP TABLE saga_step;
DROP TABLE saga_open;
