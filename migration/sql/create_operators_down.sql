DROP TABLE operator_audit_head;
DROP TABLE operator_audit;
DROP TABLE operator;
