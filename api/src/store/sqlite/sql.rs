//! Every statement of the store, in one place, so that one test looks at all of their query plans.

/// Names statements, and lists them for the test.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)*
        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// The rows of one user that are not deleted, by rank.
macro_rules! live {
    ($columns:literal, $table:literal) => {
        concat!("SELECT ", $columns, " FROM ", $table, " WHERE user_id = ?1 AND deleted_at IS NULL ORDER BY rank, id")
    };
}

/// The rows of one user, deleted or not, by id.
macro_rules! archived {
    ($columns:literal, $table:literal) => {
        concat!("SELECT ", $columns, " FROM ", $table, " WHERE user_id = ?1 ORDER BY id")
    };
}

statements! {
    IS_READABLE = "SELECT EXISTS (SELECT 1 FROM account)";
    NEW_IDS = "UPDATE sequence SET next = next + ?1 RETURNING next";
    SKIP_IDS = "UPDATE sequence SET next = max(next, ?1)";
    USERS = "SELECT id FROM account WHERE id > ?1 ORDER BY id LIMIT ?2";

    OWNER_OF_USERNAME = "SELECT id FROM account WHERE username = ?1";
    OWNER_OF_APPLE_SUB = "SELECT id FROM account WHERE apple_sub = ?1";
    OWNER_OF_DEVICE = "SELECT user_id FROM device WHERE token = ?1";

    ACCOUNT = "SELECT id, username, provider, apple_sub, is_subscribed, is_premium, created_at, deleted_at, recommended_at, reminded, patch_note, profile \
               FROM account WHERE id = ?1";
    DEVICES = "SELECT token, seen_at FROM device WHERE user_id = ?1 ORDER BY seen_at, token";
    LIVE_CATEGORIES = live!("id, created_at, updated_at, deleted_at, color, title, rank", "category");
    LIVE_TODOS = live!("id, content, category_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at", "todo");
    LIVE_SUBS = live!("id, content, todo_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at", "sub");
    ARCHIVED_CATEGORIES = archived!("id, created_at, updated_at, deleted_at, color, title, rank", "category");
    ARCHIVED_TODOS = archived!("id, content, category_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at", "todo");
    ARCHIVED_SUBS = archived!("id, content, todo_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at", "sub");
    FEEDBACK = archived!("id, title, category, description, created_at, status", "feedback");

    PUT_ACCOUNT = "INSERT INTO account (id, username, provider, apple_sub, is_subscribed, is_premium, created_at, deleted_at, recommended_at, reminded, \
                   patch_note, profile) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO UPDATE SET username = ?2, \
                   provider = ?3, apple_sub = ?4, is_subscribed = ?5, is_premium = ?6, created_at = ?7, deleted_at = ?8, recommended_at = ?9, \
                   reminded = ?10, patch_note = ?11, profile = ?12";
    PUT_DEVICE = "INSERT OR REPLACE INTO device (token, user_id, seen_at) VALUES (?1, ?2, ?3)";
    PUT_CATEGORY = "INSERT OR REPLACE INTO category (id, user_id, created_at, updated_at, deleted_at, color, title, rank) \
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    PUT_TODO = "INSERT OR REPLACE INTO todo (id, user_id, content, category_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    PUT_SUB = "INSERT OR REPLACE INTO sub (id, user_id, content, todo_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    PUT_FEEDBACK = "INSERT OR REPLACE INTO feedback (id, user_id, title, category, description, created_at, status) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    DROP_DEVICE = "DELETE FROM device WHERE token = ?1 AND user_id = ?2";

    DELETE_DEVICES = "DELETE FROM device WHERE user_id = ?1";
    DELETE_CATEGORIES = "DELETE FROM category WHERE user_id = ?1";
    DELETE_TODOS = "DELETE FROM todo WHERE user_id = ?1";
    DELETE_SUBS = "DELETE FROM sub WHERE user_id = ?1";
    DELETE_FEEDBACK = "DELETE FROM feedback WHERE user_id = ?1";
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::store::sqlite::migrations::migrate;

    /// Statements that may scan, and why that costs nothing.
    const MAY_SCAN: [(&str, &str); 3] = [
        ("IS_READABLE", "it stops at the first row"),
        ("NEW_IDS", "the table has one row"),
        ("SKIP_IDS", "the table has one row"),
    ];

    /// The steps of a statement's plan that read a whole table or sort.
    fn slow_steps(connection: &Connection, sql: &str) -> Vec<String> {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = plan.raw_query();
        let mut slow = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let step: String = row.get(3).unwrap();
            if step.starts_with("SCAN") || step.contains("TEMP B-TREE") {
                slow.push(step);
            }
        }
        slow
    }

    #[test]
    fn no_statement_reads_a_whole_table_or_sorts() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        for (name, sql) in ALL {
            let may_scan = MAY_SCAN.iter().any(|(exempt, _)| exempt == name);
            let slow = slow_steps(&connection, sql);
            assert_eq!(!slow.is_empty(), may_scan, "{name}: {slow:?}");
        }
    }
}
