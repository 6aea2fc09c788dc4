//! What may be done with todos and their steps. Pure: rows in, changed rows out.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::holdings::{Change, Holdings};
use super::model::{Id, SubTodo, Todo};
use super::order::{self, NoPlace, Place};

/// Why it is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No such row among those of the user.
    Missing,
    /// No such category among those of the user.
    NoCategory(Id),
    /// No such todo among those of the user.
    NoTodo(Id),
    /// The row cannot stand there.
    Place(NoPlace),
}

impl From<NoPlace> for Fault {
    fn from(fault: NoPlace) -> Self {
        Self::Place(fault)
    }
}

/// What a field becomes: stays as it is, is emptied, or gets a value.
pub type Set<T> = Option<Option<T>>;

/// A todo to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTodo {
    /// Checked text.
    pub content: String,
    /// Any number.
    pub category_id: Id,
    /// None: into the inbox.
    pub date: Option<NaiveDate>,
    /// Time of day.
    pub due_time: Option<NaiveTime>,
    /// Ticked from the start.
    pub is_completed: bool,
}

/// Makes a todo behind all others.
///
/// # Errors
/// When the category is not one of the user's.
pub fn create(holdings: &Holdings, id: Id, new: NewTodo, now: DateTime<Utc>) -> Result<(Todo, Vec<Change>), Fault> {
    known_category(holdings, new.category_id)?;
    let placement = order::append(&holdings.todos);
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

fn known_category(holdings: &Holdings, id: Id) -> Result<(), Fault> {
    if holdings.categories.iter().any(|category| category.id == id) { Ok(()) } else { Err(Fault::NoCategory(id)) }
}

/// What becomes of a todo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TodoPatch {
    /// New text.
    pub content: Option<String>,
    /// Another category.
    pub category_id: Option<Id>,
    /// Another day, or the inbox; all steps follow.
    pub date: Set<NaiveDate>,
    /// Another time of day, or none.
    pub due_time: Set<NaiveTime>,
    /// Ticked or not.
    pub is_completed: Option<bool>,
    /// Another place.
    pub place: Option<Place>,
}

/// Changes a todo.
///
/// # Errors
/// When the todo, its new category or its new neighbours are not the user's.
pub fn patch(holdings: &Holdings, id: Id, patch: TodoPatch, now: DateTime<Utc>) -> Result<(Todo, Vec<Change>), Fault> {
    let mut todo = holdings.todos.iter().find(|todo| todo.id == id).cloned().ok_or(Fault::Missing)?;
    if let Some(category) = patch.category_id {
        // A todo may stay in its category after that was deleted.
        if category != todo.category_id {
            known_category(holdings, category)?;
        }
        todo.category_id = category;
    }
    let mut changes = Vec::new();
    if let Some(placement) = patch.place.map(|place| order::move_between(&holdings.todos, id, place)).transpose()?.flatten() {
        todo.rank = placement.rank;
        changes.extend(placement.moved.into_iter().map(Change::Todo));
    }
    if let Some(date) = patch.date {
        if todo.date != date || holdings.subs.iter().any(|sub| sub.todo_id == id && sub.date != date) {
            let steps = holdings.subs.iter().filter(|sub| sub.todo_id == id && sub.date != date);
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

/// Deletes a todo and its steps.
///
/// # Errors
/// When the todo is not the user's.
pub fn delete(holdings: &Holdings, id: Id, now: DateTime<Utc>) -> Result<Vec<Change>, Fault> {
    let todo = holdings.todos.iter().find(|todo| todo.id == id).cloned().ok_or(Fault::Missing)?;
    let steps = holdings.subs.iter().filter(|sub| sub.todo_id == id).cloned();
    let steps = steps.map(|sub| Change::Sub(SubTodo { deleted_at: Some(now), ..sub }));
    Ok(steps.chain([Change::Todo(Todo { deleted_at: Some(now), ..todo })]).collect())
}

/// A step to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSub {
    /// Checked text.
    pub content: String,
    /// Any number.
    pub todo_id: Id,
    /// A day.
    pub date: Option<NaiveDate>,
    /// Time of day.
    pub due_time: Option<NaiveTime>,
    /// Ticked from the start.
    pub is_completed: bool,
}

/// The rows that were made, and what is to be written for that.
pub type Made = (Vec<SubTodo>, Vec<Change>);

/// Makes steps, each behind all others of the user. `ids` are as many as `new`.
///
/// # Errors
/// One answer a step, in their order, when the todo of one is not the user's; then none is made.
pub fn create_subs(holdings: &Holdings, ids: &[Id], new: &[NewSub], now: DateTime<Utc>) -> Result<Made, Vec<Option<Fault>>> {
    let known = |id: Id| holdings.todos.iter().any(|todo| todo.id == id);
    let faults: Vec<Option<Fault>> = new.iter().map(|new| (!known(new.todo_id)).then_some(Fault::NoTodo(new.todo_id))).collect();
    if faults.iter().any(Option::is_some) {
        return Err(faults);
    }
    let ranks = order::append_many(&holdings.subs, new.len());
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

/// What becomes of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubPatch {
    /// New text.
    pub content: Option<String>,
    /// A step of another todo.
    pub todo_id: Option<Id>,
    /// Another day, or none.
    pub date: Set<NaiveDate>,
    /// Another time of day, or none.
    pub due_time: Set<NaiveTime>,
    /// Ticked or not.
    pub is_completed: Option<bool>,
    /// Another place.
    pub place: Option<Place>,
}

/// Changes a step.
///
/// # Errors
/// When the step, its new todo or its new neighbours are not the user's.
pub fn patch_sub(holdings: &Holdings, id: Id, patch: SubPatch, now: DateTime<Utc>) -> Result<(SubTodo, Vec<Change>), Fault> {
    let mut sub = holdings.subs.iter().find(|sub| sub.id == id).cloned().ok_or(Fault::Missing)?;
    if let Some(todo) = patch.todo_id {
        if !holdings.todos.iter().any(|row| row.id == todo) {
            return Err(Fault::NoTodo(todo));
        }
        sub.todo_id = todo;
    }
    let mut changes = Vec::new();
    if let Some(placement) = patch.place.map(|place| order::move_between(&holdings.subs, id, place)).transpose()?.flatten() {
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

/// Deletes a step.
///
/// # Errors
/// When the step is not the user's.
pub fn delete_sub(holdings: &Holdings, id: Id, now: DateTime<Utc>) -> Result<Vec<Change>, Fault> {
    let sub = holdings.subs.iter().find(|sub| sub.id == id).cloned().ok_or(Fault::Missing)?;
    Ok(vec![Change::Sub(SubTodo { deleted_at: Some(now), ..sub })])
}
