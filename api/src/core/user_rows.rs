//! What a store hands out and takes back: the rows of one user as of one instant, and the changes to them.

use serde::{Deserialize, Serialize};

use super::model::{Category, Device, Feedback, Id, SubTodo, Todo, User};

/// Which rows of a user are wanted. The account itself always comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The account only.
    Account,
    /// And the categories.
    Categories,
    /// And the todos with their steps.
    Todos,
    /// Categories, todos and steps.
    Everything,
}

impl Scope {
    /// Whether the categories are among it.
    pub fn includes_categories(self) -> bool {
        matches!(self, Self::Categories | Self::Everything)
    }

    /// Whether the todos and their steps are among it.
    pub fn includes_todos(self) -> bool {
        matches!(self, Self::Todos | Self::Everything)
    }
}

/// The rows of one user as of one instant. Deleted rows are not among them; a deleted account is.
///
/// Rows stand in the order of their ranks, and of their ids where ranks are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRows {
    /// The account.
    pub user: User,
    /// Empty unless wanted.
    pub categories: Vec<Category>,
    /// Empty unless wanted.
    pub todos: Vec<Todo>,
    /// Empty unless wanted.
    pub subs: Vec<SubTodo>,
}

impl UserRows {
    /// An account that has nothing yet.
    pub fn of(user: User) -> Self {
        Self { user, categories: Vec::new(), todos: Vec::new(), subs: Vec::new() }
    }

    /// Puts the rows into their order; for stores whose answers come in another.
    pub fn sort(&mut self) {
        self.categories.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        self.todos.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        self.subs.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
    }
}

/// One row to be written. A row whose `deleted_at` is set is kept for the archive and never handed out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// The account, without its devices: those have changes of their own. Names ([`UniqueName`]) that it gains must be free.
    User(User),
    /// A device of the user; refused as taken while its token belongs to another user.
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

/// What is unique over all users, and finds one.
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
    /// What it is, without saying which: names of people and tokens stay out of logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Username(_) => "username",
            Self::AppleSub(_) => "Apple account",
            Self::Device(_) => "device token",
        }
    }

    /// The names an account goes by: all but its devices.
    pub fn of_account(user: &User) -> Vec<Self> {
        std::iter::once(Self::Username(user.username.clone())).chain(user.apple_sub.clone().map(Self::AppleSub)).collect()
    }

    /// The names an account goes by, and its devices.
    pub fn all_of(user: &User) -> Vec<Self> {
        Self::of_account(user).into_iter().chain(user.devices.iter().map(|device| Self::Device(device.token.clone()))).collect()
    }
}

/// All that a store has of one user: what an export writes and an import reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// The account, deleted or not.
    pub user: User,
    /// Live and deleted, by id.
    pub categories: Vec<Category>,
    /// Live and deleted, by id.
    pub todos: Vec<Todo>,
    /// Live and deleted, by id.
    pub subs: Vec<SubTodo>,
    /// By id.
    pub feedback: Vec<Feedback>,
}

impl Archive {
    /// An account that has nothing yet.
    pub fn of(user: User) -> Self {
        Self { user, categories: Vec::new(), todos: Vec::new(), subs: Vec::new(), feedback: Vec::new() }
    }

    /// What is handed out of it.
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

    /// Makes the changes, one after the other. The rows stand in the order of their ids, before and after.
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

    /// Puts the rows into their order.
    pub fn sort(&mut self) {
        self.categories.sort_by_key(|row| row.id);
        self.todos.sort_by_key(|row| row.id);
        self.subs.sort_by_key(|row| row.id);
        self.feedback.sort_by_key(|row| row.id);
    }
}

/// Puts a row into its place, over one that has its id.
fn set<Row>(rows: &mut Vec<Row>, row: Row, id: fn(&Row) -> Id) {
    let at = rows.partition_point(|known| id(known) < id(&row));
    match rows.get_mut(at).filter(|known| id(known) == id(&row)) {
        Some(known) => *known = row,
        None => rows.insert(at, row),
    }
}
