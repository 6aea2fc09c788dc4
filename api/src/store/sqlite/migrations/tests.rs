use sha2::{Digest, Sha256};

use super::*;
use crate::store::sqlite::Sqlite;

/// One row in every table, one of them deleted; every version since the first has these columns.
const ROWS: &str = "
    UPDATE sequence SET next = 8;
    INSERT INTO account VALUES (1, 'ann@example.com', 'GOOGLE', NULL, 0, 1, '2026-11-22T00:00:00.000000Z', NULL, NULL, NULL, NULL, NULL);
    INSERT INTO device VALUES ('phone', 1, '2026-11-22T00:00:00.000001Z');
    INSERT INTO category VALUES (2, 1, '2026-11-22T00:00:00.000002Z', '2026-11-22T00:00:00.000003Z', NULL, 8, '집', '0|hzzzzz:');
    INSERT INTO todo VALUES (3, 1, '청소', 2, '2026-11-24', '09:30:00', '0|hzzzzz:', 0, '2026-11-22T00:00:00.000004Z', '2026-11-22T00:00:00.000005Z', NULL);
    INSERT INTO sub VALUES (4, 1, '창문', 3, NULL, NULL, '0|hzzzzz:', 1, '2026-11-22T00:00:00.000006Z', '2026-11-22T00:00:00.000007Z', '2026-11-23T00:00:00.000000Z');
    INSERT INTO feedback VALUES (5, 1, 'Dark mode', 'feature', '', '2026-11-22T00:00:00.000008Z', 'pending');";

/// A file whose tables have this version, with rows where there are tables.
fn at_version(version: usize) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&SCRIPTS[..version].concat()).unwrap();
    connection.execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
    if version > 0 {
        connection.execute_batch(ROWS).unwrap();
    }
    connection
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn schema(connection: &Connection) -> Vec<String> {
    texts(connection, "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
}

/// All rows of the file, one on each line.
fn rows(connection: &Connection) -> Vec<String> {
    let mut all = Vec::new();
    for table in texts(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
        let columns = texts(connection, &format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')"))
            .join(" || ',' || ");
        all.extend(texts(connection, &format!("SELECT '{table}: ' || {columns} FROM {table} ORDER BY 1")));
    }
    all
}

#[test]
fn a_file_of_every_version_is_brought_up_to_this_one_and_keeps_its_rows() {
    let mut new = at_version(0);
    migrate(&mut new).unwrap();
    for version in 1..=SCRIPTS.len() {
        let mut file = at_version(version);
        let before = rows(&file);
        assert_eq!(before.len(), 7, "{before:#?}");
        for run in ["the first time", "again"] {
            migrate(&mut file).unwrap();
            assert_eq!(schema(&file), schema(&new), "from version {version}, {run}");
            assert_eq!(rows(&file), before, "from version {version}, {run}");
            assert_eq!(texts(&file, "SELECT user_version || '' FROM pragma_user_version"), [SCRIPTS.len().to_string()]);
        }
    }
}

#[test]
fn a_file_of_an_unknown_version_is_refused_and_left_as_it_is() {
    for version in [-1, SCRIPTS.len() as i64 + 1] {
        let mut file = at_version(SCRIPTS.len());
        file.execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
        let before = rows(&file);
        let refusal = migrate(&mut file).unwrap_err().to_string();
        assert!(refusal.contains(&format!("its tables have version {version}")), "{refusal}");
        assert_eq!(rows(&file), before);
    }
}

#[test]
fn a_script_that_fails_leaves_the_file_as_it_was() {
    let mut file = at_version(1);
    // The name of an index of the second script is taken.
    file.execute_batch("CREATE INDEX feedback_by_user ON feedback (title)").unwrap();
    let before = schema(&file);
    assert!(migrate(&mut file).is_err());
    assert_eq!(schema(&file), before);
    assert_eq!(texts(&file, "SELECT user_version || '' FROM pragma_user_version"), ["1"]);
}

#[test]
fn eight_processes_that_open_an_old_file_at_once_migrate_it_once() {
    let folder = tempfile::tempdir().unwrap();
    for version in 0..SCRIPTS.len() {
        let path = folder.path().join(format!("{version}.db"));
        at_version(version).execute(&format!("VACUUM INTO '{}'", path.display()), []).unwrap();
        std::thread::scope(|scope| {
            let opened: Vec<_> = (0..8).map(|_| scope.spawn(|| Sqlite::open(&path).map(drop))).collect();
            for opened in opened {
                opened.join().unwrap().unwrap();
            }
        });
        assert_eq!(schema(&Connection::open(&path).unwrap()).len(), schema(&at_version(SCRIPTS.len())).len());
    }
}

#[test]
fn released_scripts_do_not_change() {
    let released = ["74edb39ce8098c3a", "e05fb21464c52685"];
    let found: Vec<String> = SCRIPTS
        .iter()
        .map(|script| Sha256::digest(script).iter().take(8).map(|byte| format!("{byte:02x}")).collect())
        .collect();
    assert_eq!(
        found, released,
        "a file that has run a script does not run it again: add a script instead, and its hash here"
    );
}
