//! Everything of one store into another: nothing is lost, nothing is made up, and what went wrong on the way may simply
//! be done again.

use std::io::BufReader;
use std::path::Path;

use onestep_api::store::Store;
use onestep_api::store::sqlite::Sqlite;
use onestep_api::store::transfer::{Counts, TransferError, TransferSummary, export, import, migrate};
use onestep_core::model::{Id, Todo, User};
use onestep_core::user_rows::Change;
use test_stack::stack::Emulator;

use crate::conformance::samples::{at, category, create, device, feedback, ids, profile, read, sub, todo, write};
use crate::dynamodb::new_table;

fn sqlite(folder: &Path, name: &str) -> Sqlite {
    Sqlite::open(&folder.join(name)).expect("a new file")
}

/// Two users, one of them deleted, with something of every kind; their ids.
async fn filled(store: &dyn Store) -> (Id, Id) {
    let (ann, bob) = (create(store, "ann@example.com").await, create(store, "bob@example.com").await);
    let given = ids(store, ann.id, 6).await;
    let gone = Todo { deleted_at: Some(at(9)), ..todo(given[2], "0|i00007:") };
    let rows = [
        Change::User(User { profile: Some(profile()), apple_sub: Some("001.ann".to_owned()), ..ann.clone() }),
        Change::AddDevice(device("phone", 5)),
        Change::Category(category(given[0], "0|hzzzzz:")),
        Change::Todo(todo(given[1], "0|hzzzzz:")),
        Change::Todo(gone),
        Change::Sub(sub(given[3], given[1], "0|hzzzzz:")),
        Change::Feedback(feedback(given[4], "a 🙂")),
    ];
    write(store, ann.id, &rows).await;
    write(store, bob.id, &[Change::User(User { deleted_at: Some(at(10)), ..bob.clone() })]).await;
    (ann.id, bob.id)
}

const ALL: Counts = Counts { users: 2, categories: 1, todos: 2, subs: 1, feedback: 1 };

async fn exported(store: &dyn Store) -> (Vec<u8>, TransferSummary) {
    let mut file = Vec::new();
    let moved = export(store, &mut file, |_| ()).await.expect("an export");
    (file, moved)
}

async fn imported(file: &[u8], store: &dyn Store) -> Result<TransferSummary, TransferError> {
    import(&mut BufReader::new(file), store, |_| ()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_is_there_after_the_import_and_may_be_imported_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (sqlite(folder.path(), "from.db"), sqlite(folder.path(), "to.db"));
    let (ann, bob) = filled(&from).await;
    let (file, moved) = exported(&from).await;
    assert_eq!(moved.counts, ALL);
    for _ in 0..2 {
        assert_eq!(imported(&file, &to).await.expect("an import"), moved);
    }
    assert_eq!(read(&to, ann).await, read(&from, ann).await);
    assert_eq!(to.archive(bob).await.expect("bob"), from.archive(bob).await.expect("bob"));
    // The same rows make the same file, and new rows come after the old ones.
    assert_eq!(exported(&to).await, (file, moved));
    // The feedback has the highest number of them: the fifth after bob's.
    assert!(create(&to, "new@example.com").await.id > bob + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_on_this_machine_moves_to_a_table_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, back) = (sqlite(folder.path(), "from.db"), sqlite(folder.path(), "back.db"));
    filled(&from).await;
    let emulator = Emulator::ministack().await;
    let (_, table) = new_table(&emulator.url()).await;
    let there = migrate(&from, &table, |_| ()).await.expect("there");
    assert_eq!((there.counts, migrate(&table, &back, |_| ()).await.expect("and back")), (ALL, there.clone()));
    assert_eq!(exported(&back).await.1, exported(&from).await.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_whole_writes_nothing_and_says_where_it_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (sqlite(folder.path(), "from.db"), sqlite(folder.path(), "to.db"));
    filled(&from).await;
    let (file, _) = exported(&from).await;
    let text = String::from_utf8(file).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let changed = text.replacen("ann@example.com", "eve@example.com", 1);
    for (given, said) in [
        (String::new(), "line 1 of the file: the file is empty"),
        ("{}\n".to_owned(), "line 1 of the file: this is not an export of onestep-api"),
        (text.replacen("\"version\":1", "\"version\":2", 1), "line 1 of the file: this is onestep-export 2"),
        (lines[..2].join("\n"), "line 2 of the file: the file ends before its last line"),
        (format!("{}\n{}", lines[0], &lines[1][..40]), "line 2 of the file: this is not a user"),
        ([lines[0], lines[1], lines[3]].join("\n"), "line 3 of the file: the file is damaged"),
        (changed, "line 4 of the file: the file is damaged"),
        (text.repeat(2), "line 5 of the file: the file continues after its last line"),
    ] {
        let refused = imported(given.as_bytes(), &to).await.expect_err(said).to_string();
        assert!(refused.starts_with(said), "{refused}");
    }
    assert_eq!(to.users(None, 10).await.expect("nobody"), Vec::<Id>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_users_of_its_own_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (sqlite(folder.path(), "from.db"), sqlite(folder.path(), "to.db"));
    filled(&from).await;
    let own = create(&to, "own@example.com").await;
    let before = exported(&to).await;
    let (file, _) = exported(&from).await;
    for refused in [imported(&file, &to).await, migrate(&from, &to, |_| ()).await] {
        assert!(matches!(refused, Err(TransferError::NotEmpty { user, .. }) if user == own.id), "{refused:?}");
    }
    assert_eq!(exported(&to).await, before);
}
