//! What a store hands out and takes back: the rows of one user as of one instant, and the changes to them.

use serde::{Deserialize, Serialize};

use super::model::{Category, Device, Feedback, Id, SubTodo, Todo, User};

/// Which rows of a user are wanted. The account itself always comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The account only.
    Account,
    /// And the categories.
    Categories,
    /// And the todos with their steps.
    Todos,
    /// Categories, todos and steps.
    Everything,
}

impl Want {
    /// Whether the categories are among it.
    pub fn categories(self) -> bool {
        matches!(self, Self::Categories | Self::Everything)
    }

    /// Whether the todos and their steps are among it.
    pub fn todos(self) -> bool {
        matches!(self, Self::Todos | Self::Everything)
    }
}

/// The rows of one user as of one instant. Deleted rows are not among them; a deleted account is.
///
/// Rows stand in the order of their ranks, and of their ids where ranks are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// The account.
    pub user: User,
    /// Empty unless wanted.
    pub categories: Vec<Category>,
    /// Empty unless wanted.
    pub todos: Vec<Todo>,
    /// Empty unless wanted.
    pub subs: Vec<SubTodo>,
}

impl Holdings {
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
    /// The account, without its devices: those have changes of their own. Names ([`Key`]) that it gains must be free.
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
pub enum Key {
    /// [`User::username`].
    Username(String),
    /// [`User::apple_sub`].
    AppleSub(String),
    /// [`Device::token`].
    Device(String),
}

impl Key {
    /// The names an account goes by: all but its devices.
    pub fn of(user: &User) -> Vec<Self> {
        std::iter::once(Self::Username(user.username.clone())).chain(user.apple_sub.clone().map(Self::AppleSub)).collect()
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
