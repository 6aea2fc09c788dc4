//! Decisions about todos and sub-todos. Pure: rows in, changed rows out.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::model::{Id, SubTodo, Todo};
use super::order::{self, MoveError, Neighbours};
use super::user_rows::{Change, UserRows};

/// Why a row cannot be created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowError {
    /// The row does not belong to the user.
    Missing,
    /// The category does not belong to the user.
    NoCategory(Id),
    /// The todo does not belong to the user.
    NoTodo(Id),
    /// The row cannot be moved there.
    Move(MoveError),
}

impl From<MoveError> for RowError {
    fn from(fault: MoveError) -> Self {
        Self::Move(fault)
    }
}

/// The change to a field: None keeps it, Some(None) empties it, Some(Some(value)) sets it.
pub type FieldUpdate<T> = Option<Option<T>>;

/// The fields of a new todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTodo {
    /// Valid text.
    pub content: String,
    /// Any id; whether it belongs to the user is checked here.
    pub category_id: Id,
    /// None: the todo is in the inbox.
    pub date: Option<NaiveDate>,
    /// Time of day.
    pub due_time: Option<NaiveTime>,
    /// Whether it is done already.
    pub is_completed: bool,
}

/// Creates a todo behind all others.
///
/// # Errors
/// When the category does not belong to the user.
pub fn create(user_rows: &UserRows, id: Id, new: NewTodo, now: DateTime<Utc>) -> Result<(Todo, Vec<Change>), RowError> {
    known_category(user_rows, new.category_id)?;
    let placement = order::append(&user_rows.todos);
    let todo = Todo {
        id,
        content: new.content,
        category_id: new.category_id,
        date: new.date,
        due_time: new.due_time,
        rank: placement.rank,
        is_completed: new.is_completed,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let changes = placement.moved.into_iter().chain([todo.clone()]).map(Change::Todo).collect();
    Ok((todo, changes))
}

fn known_category(user_rows: &UserRows, id: Id) -> Result<(), RowError> {
    if user_rows.categories.iter().any(|category| category.id == id) { Ok(()) } else { Err(RowError::NoCategory(id)) }
}

/// The changes to a todo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TodoPatch {
    /// New text.
    pub content: Option<String>,
    /// A new category.
    pub category_id: Option<Id>,
    /// A new day, or the inbox. All sub-todos get the same day.
    pub date: FieldUpdate<NaiveDate>,
    /// A new time of day, or none.
    pub due_time: FieldUpdate<NaiveTime>,
    /// Done or not.
    pub is_completed: Option<bool>,
    /// The new position.
    pub neighbours: Option<Neighbours>,
}

/// Changes a todo.
///
/// # Errors
/// When the todo, its new category or one of its new neighbours does not belong to the user.
pub fn patch(
    user_rows: &UserRows,
    id: Id,
    patch: TodoPatch,
    now: DateTime<Utc>,
) -> Result<(Todo, Vec<Change>), RowError> {
    let mut todo = user_rows.todos.iter().find(|todo| todo.id == id).cloned().ok_or(RowError::Missing)?;
    if let Some(category) = patch.category_id {
        // A todo may stay in its category after the category was deleted.
        if category != todo.category_id {
            known_category(user_rows, category)?;
        }
        todo.category_id = category;
    }
    let mut changes = Vec::new();
    if let Some(placement) =
        patch.neighbours.map(|neighbours| order::move_between(&user_rows.todos, id, neighbours)).transpose()?.flatten()
    {
        todo.rank = placement.rank;
        changes.extend(placement.moved.into_iter().map(Change::Todo));
    }
    if let Some(date) = patch.date {
        if todo.date != date || user_rows.subs.iter().any(|sub| sub.todo_id == id && sub.date != date) {
            let steps = user_rows.subs.iter().filter(|sub| sub.todo_id == id && sub.date != date);
            changes.extend(steps.map(|sub| Change::Sub(SubTodo { date, updated_at: now, ..sub.clone() })));
        }
        todo.date = date;
    }
    todo.content = patch.content.unwrap_or(todo.content);
    todo.due_time = patch.due_time.unwrap_or(todo.due_time);
    todo.is_completed = patch.is_completed.unwrap_or(todo.is_completed);
    todo.updated_at = now;
    changes.push(Change::Todo(todo.clone()));
    Ok((todo, changes))
}

/// Deletes a todo and its sub-todos.
///
/// # Errors
/// When the todo does not belong to the user.
pub fn delete(user_rows: &UserRows, id: Id, now: DateTime<Utc>) -> Result<Vec<Change>, RowError> {
    let todo = user_rows.todos.iter().find(|todo| todo.id == id).cloned().ok_or(RowError::Missing)?;
    let steps = user_rows.subs.iter().filter(|sub| sub.todo_id == id).cloned();
    let steps = steps.map(|sub| Change::Sub(SubTodo { deleted_at: Some(now), ..sub }));
    Ok(steps.chain([Change::Todo(Todo { deleted_at: Some(now), ..todo })]).collect())
}

/// The fields of a new sub-todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubTodo {
    /// Valid text.
    pub content: String,
    /// Any id; whether it belongs to the user is checked here.
    pub todo_id: Id,
    /// A day.
    pub date: Option<NaiveDate>,
    /// Time of day.
    pub due_time: Option<NaiveTime>,
    /// Whether it is done already.
    pub is_completed: bool,
}

/// The new rows, and the changes that create them.
pub type CreatedSubTodos = (Vec<SubTodo>, Vec<Change>);

/// Creates sub-todos, each behind all others of the user. `ids` has one id for each of `new`.
///
/// # Errors
/// When a todo does not belong to the user: the error of each of `new`, in order. Then none is created.
pub fn create_sub_todos(
    user_rows: &UserRows,
    ids: &[Id],
    new: &[NewSubTodo],
    now: DateTime<Utc>,
) -> Result<CreatedSubTodos, Vec<Option<RowError>>> {
    let known = |id: Id| user_rows.todos.iter().any(|todo| todo.id == id);
    let faults: Vec<Option<RowError>> =
        new.iter().map(|new| (!known(new.todo_id)).then_some(RowError::NoTodo(new.todo_id))).collect();
    if faults.iter().any(Option::is_some) {
        return Err(faults);
    }
    let ranks = order::append_many(&user_rows.subs, new.len());
    let made = new.iter().zip(ids).zip(ranks.ranks).map(|((new, id), rank)| SubTodo {
        id: *id,
        content: new.content.clone(),
        todo_id: new.todo_id,
        date: new.date,
        due_time: new.due_time,
        rank,
        is_completed: new.is_completed,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    });
    let made: Vec<SubTodo> = made.collect();
    let changes = ranks.moved.into_iter().chain(made.iter().cloned()).map(Change::Sub).collect();
    Ok((made, changes))
}

/// The changes to a sub-todo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubTodoPatch {
    /// New text.
    pub content: Option<String>,
    /// A new todo that it belongs to.
    pub todo_id: Option<Id>,
    /// A new day, or none.
    pub date: FieldUpdate<NaiveDate>,
    /// A new time of day, or none.
    pub due_time: FieldUpdate<NaiveTime>,
    /// Done or not.
    pub is_completed: Option<bool>,
    /// The new position.
    pub neighbours: Option<Neighbours>,
}

/// Changes a sub-todo.
///
/// # Errors
/// When the sub-todo, its new todo or one of its new neighbours does not belong to the user.
pub fn patch_sub_todo(
    user_rows: &UserRows,
    id: Id,
    patch: SubTodoPatch,
    now: DateTime<Utc>,
) -> Result<(SubTodo, Vec<Change>), RowError> {
    let mut sub = user_rows.subs.iter().find(|sub| sub.id == id).cloned().ok_or(RowError::Missing)?;
    if let Some(todo) = patch.todo_id {
        if !user_rows.todos.iter().any(|row| row.id == todo) {
            return Err(RowError::NoTodo(todo));
        }
        sub.todo_id = todo;
    }
    let mut changes = Vec::new();
    if let Some(placement) =
        patch.neighbours.map(|neighbours| order::move_between(&user_rows.subs, id, neighbours)).transpose()?.flatten()
    {
        sub.rank = placement.rank;
        changes.extend(placement.moved.into_iter().map(Change::Sub));
    }
    sub.content = patch.content.unwrap_or(sub.content);
    sub.date = patch.date.unwrap_or(sub.date);
    sub.due_time = patch.due_time.unwrap_or(sub.due_time);
    sub.is_completed = patch.is_completed.unwrap_or(sub.is_completed);
    sub.updated_at = now;
    changes.push(Change::Sub(sub.clone()));
    Ok((sub, changes))
}

/// Deletes a sub-todo.
///
/// # Errors
/// When the sub-todo does not belong to the user.
pub fn delete_sub_todo(user_rows: &UserRows, id: Id, now: DateTime<Utc>) -> Result<Vec<Change>, RowError> {
    let sub = user_rows.subs.iter().find(|sub| sub.id == id).cloned().ok_or(RowError::Missing)?;
    Ok(vec![Change::Sub(SubTodo { deleted_at: Some(now), ..sub })])
}
