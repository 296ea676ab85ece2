DROP TABLE operator_command;
DROP TABLE dead_message;
DROP TABLE sqs_queue;
