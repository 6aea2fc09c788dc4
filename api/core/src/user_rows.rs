//! What stores read and write: the rows of one user at one moment, and changes to them.

use serde::{Deserialize, Serialize};

use super::model::{Category, Device, Feedback, Id, SubTodo, Todo, User};

/// Which rows of a user to read. The account is always read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The account only.
    Account,
    /// The account and the categories.
    Categories,
    /// The account, the todos and the sub-todos.
    Todos,
    /// The account, the categories, the todos and the sub-todos.
    Everything,
}

impl Scope {
    /// Whether the categories are read.
    pub fn includes_categories(self) -> bool {
        matches!(self, Self::Categories | Self::Everything)
    }

    /// Whether the todos and sub-todos are read.
    pub fn includes_todos(self) -> bool {
        matches!(self, Self::Todos | Self::Everything)
    }
}

/// The rows of one user at one moment, without deleted rows. A deleted account has rows too.
///
/// Rows are ordered by rank, and by id when ranks are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRows {
    /// The account.
    pub user: User,
    /// Empty when the scope does not include them.
    pub categories: Vec<Category>,
    /// Empty when the scope does not include them.
    pub todos: Vec<Todo>,
    /// Empty when the scope does not include them.
    pub subs: Vec<SubTodo>,
}

impl UserRows {
    /// An account that has nothing yet.
    pub fn of(user: User) -> Self {
        Self { user, categories: Vec::new(), todos: Vec::new(), subs: Vec::new() }
    }

    /// Orders the rows, for stores that read them in another order.
    pub fn sort(&mut self) {
        self.categories.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        self.todos.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        self.subs.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
    }
}

/// One row to write. A row with `deleted_at` stays in the archive and is not read with the live rows again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// The account without its devices, which have their own changes. New names ([`UniqueName`]) must be free.
    User(User),
    /// A device of the user. The change is refused while its token belongs to another user.
    AddDevice(Device),
    /// The device with this token, if the user has it.
    DropDevice(String),
    /// New, changed or deleted.
    Category(Category),
    /// New, changed or deleted.
    Todo(Todo),
    /// New, changed or deleted.
    Sub(SubTodo),
    /// Written once.
    Feedback(Feedback),
}

/// A name that is unique over all users, by which a user can be found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum UniqueName {
    /// [`User::username`].
    Username(String),
    /// [`User::apple_sub`].
    AppleSub(String),
    /// [`Device::token`].
    Device(String),
}

impl UniqueName {
    /// The kind of the name, for messages: names of people and tokens stay out of logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Username(_) => "username",
            Self::AppleSub(_) => "Apple account",
            Self::Device(_) => "device token",
        }
    }

    /// The names of an account, without its devices.
    pub fn of_account(user: &User) -> Vec<Self> {
        std::iter::once(Self::Username(user.username.clone()))
            .chain(user.apple_sub.clone().map(Self::AppleSub))
            .collect()
    }

    /// The names of an account and its devices.
    pub fn all_of(user: &User) -> Vec<Self> {
        Self::of_account(user)
            .into_iter()
            .chain(user.devices.iter().map(|device| Self::Device(device.token.clone())))
            .collect()
    }
}

/// Everything that a store has of one user. An export writes it and an import reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// The account, deleted or not.
    pub user: User,
    /// Live and deleted, ordered by id.
    pub categories: Vec<Category>,
    /// Live and deleted, ordered by id.
    pub todos: Vec<Todo>,
    /// Live and deleted, ordered by id.
    pub subs: Vec<SubTodo>,
    /// Ordered by id.
    pub feedback: Vec<Feedback>,
}

impl Archive {
    /// An account that has nothing yet.
    pub fn of(user: User) -> Self {
        Self { user, categories: Vec::new(), todos: Vec::new(), subs: Vec::new(), feedback: Vec::new() }
    }

    /// The live rows in a scope.
    pub fn live_rows(&self, scope: Scope) -> UserRows {
        let mut user_rows = UserRows::of(self.user.clone());
        if scope.includes_categories() {
            user_rows.categories = self.categories.iter().filter(|row| row.deleted_at.is_none()).cloned().collect();
        }
        if scope.includes_todos() {
            user_rows.todos = self.todos.iter().filter(|row| row.deleted_at.is_none()).cloned().collect();
            user_rows.subs = self.subs.iter().filter(|row| row.deleted_at.is_none()).cloned().collect();
        }
        user_rows.sort();
        user_rows
    }

    /// Makes the changes, one after the other. The rows are ordered by id, before and after.
    pub fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::User(user) => {
                    let devices = std::mem::take(&mut self.user.devices);
                    self.user = User { id: self.user.id, devices, ..user };
                }
                Change::AddDevice(device) => {
                    let devices = &mut self.user.devices;
                    devices.retain(|known| known.token != device.token);
                    devices.push(device);
                    devices.sort_by_key(|device| device.seen_at);
                }
                Change::DropDevice(token) => self.user.devices.retain(|device| device.token != token),
                Change::Category(row) => set(&mut self.categories, row, |row| row.id),
                Change::Todo(row) => set(&mut self.todos, row, |row| row.id),
                Change::Sub(row) => set(&mut self.subs, row, |row| row.id),
                Change::Feedback(row) => set(&mut self.feedback, row, |row| row.id),
            }
        }
    }

    /// The highest id in it.
    pub fn highest_id(&self) -> Id {
        let rows = self.categories.iter().map(|row| row.id).chain(self.todos.iter().map(|row| row.id));
        let rows = rows.chain(self.subs.iter().map(|row| row.id)).chain(self.feedback.iter().map(|row| row.id));
        rows.fold(self.user.id, Id::max)
    }

    /// Orders the rows.
    pub fn sort(&mut self) {
        self.categories.sort_by_key(|row| row.id);
        self.todos.sort_by_key(|row| row.id);
        self.subs.sort_by_key(|row| row.id);
        self.feedback.sort_by_key(|row| row.id);
    }
}

/// Inserts a row, or replaces the row with its id.
fn set<Row>(rows: &mut Vec<Row>, row: Row, id: fn(&Row) -> Id) {
    let at = rows.partition_point(|known| id(known) < id(&row));
    match rows.get_mut(at).filter(|known| id(known) == id(&row)) {
        Some(known) => *known = row,
        None => rows.insert(at, row),
    }
}
