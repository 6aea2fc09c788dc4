-- An archive reads all rows of one user and a restore deletes them, deleted rows included. The row indexes of version 1 hold only live
-- rows, so both had to scan the whole tables.
CREATE INDEX category_by_user ON category (user_id);
CREATE INDEX todo_by_user ON todo (user_id);
CREATE INDEX sub_by_user ON sub (user_id);
CREATE INDEX feedback_by_user ON feedback (user_id);
