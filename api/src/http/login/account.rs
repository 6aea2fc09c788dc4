//! The account of a person who signs in: found, linked, restored or created. When the same person signs in several
//! times at once, one request creates the account and all get it.

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::http::error::ApiError;
use crate::services::identity::Person;
use crate::store::StoreError;
use onestep_core::model::{Device, Id, Provider, User};
use onestep_core::user_rows::{Change, Scope, UniqueName, UserRows};

/// The longest name of an account, in characters.
const MAX_NAME_CHARS: usize = 150;
/// How often the account is looked up again after another request changed it.
const TRIES: usize = 20;

/// The account that was signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignedIn {
    pub(super) id: Id,
    pub(super) username: String,
    /// The account is new.
    pub(super) made: bool,
    /// The account was deleted and is restored.
    pub(super) restored: bool,
}

/// Signs a person in, and adds the device to those that receive pushes.
pub(super) async fn enter(app: &App, person: &Person, device: Option<&str>) -> Result<SignedIn, ApiError> {
    for _ in 0..TRIES {
        let now = (app.now)();
        let entered = match find(app, person).await? {
            Some(id) => return_to(app, id, person, device, now).await,
            None => make(app, person, device, now).await,
        };
        match entered {
            Ok(Some(entered)) => return Ok(entered),
            // Another request was faster; the next look-up finds its result.
            Ok(None) | Err(StoreError::Taken(UniqueName::Username(_) | UniqueName::AppleSub(_))) => {}
            Err(StoreError::Taken(UniqueName::Device(token))) => release(app, token).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Contended(u32::try_from(TRIES).unwrap_or(u32::MAX)).into())
}

/// The account with Apple's id of the person, or else with the verified address.
async fn find(app: &App, person: &Person) -> Result<Option<Id>, StoreError> {
    if person.provider == Provider::Apple
        && let Some(id) = app.store.find(&UniqueName::AppleSub(person.sub.clone())).await?
    {
        return Ok(Some(id));
    }
    let Some(email) = &person.email else { return Ok(None) };
    let Some(id) = app.store.find(&UniqueName::Username(email.clone())).await? else { return Ok(None) };
    if person.provider == Provider::Google {
        return Ok(Some(id));
    }
    // The earlier backend knew Apple's users by address only. An account with another id of Apple belongs to another
    // person.
    let account = app.store.read(id, Scope::Account).await?;
    Ok(account.filter(|account| account.user.apple_sub.is_none()).map(|account| account.user.id))
}

/// Signs in to an existing account. None: the account changed after it was found.
async fn return_to(
    app: &App,
    id: Id,
    person: &Person,
    device: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<SignedIn>, StoreError> {
    let mut entered = None;
    let mut decide = |user_rows: &UserRows, _: &[Id]| {
        entered = None;
        let user = &user_rows.user;
        let mut changed = user.clone();
        changed.deleted_at = None;
        if person.provider == Provider::Apple {
            if user.apple_sub.as_ref().is_some_and(|sub| *sub != person.sub) {
                return Vec::new();
            }
            changed.apple_sub = Some(person.sub.clone());
        }
        entered = Some(SignedIn {
            id: user.id,
            username: user.username.clone(),
            made: false,
            restored: user.deleted_at.is_some(),
        });
        let account = (changed != *user).then_some(Change::User(changed));
        let device = device.map(|token| Change::AddDevice(Device { token: token.to_owned(), seen_at: now }));
        account.into_iter().chain(device).collect()
    };
    let there = app.store.update(id, Scope::Account, 0, &mut decide).await?;
    Ok(entered.filter(|_| there))
}

async fn make(
    app: &App,
    person: &Person,
    device: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<SignedIn>, StoreError> {
    let user = User {
        apple_sub: (person.provider == Provider::Apple).then(|| person.sub.clone()),
        devices: device.map(|token| Device { token: token.to_owned(), seen_at: now }).into_iter().collect(),
        ..User::new(name(app, person).await?, person.provider, now)
    };
    let user = app.store.create(user).await?;
    Ok(Some(SignedIn { id: user.id, username: user.username, made: true, restored: false }))
}

/// The name of a new account: the address, or Apple's id when there is no address or it belongs to another account.
async fn name(app: &App, person: &Person) -> Result<String, StoreError> {
    let own = || format!("apple:{}", person.sub);
    Ok(match &person.email {
        None => own(),
        Some(email) if person.provider == Provider::Google => email.clone(),
        Some(email) if email.chars().count() > MAX_NAME_CHARS => own(),
        Some(email) => match app.store.find(&UniqueName::Username(email.clone())).await? {
            Some(_) => own(),
            None => email.clone(),
        },
    })
}

/// Whether the name of this person's account is short enough.
pub(super) fn can_be_named(person: &Person) -> bool {
    match (person.provider, &person.email) {
        (Provider::Google, Some(email)) => email.chars().count() <= MAX_NAME_CHARS,
        (Provider::Google, None) => false,
        (Provider::Apple, _) => person.sub.chars().count() + "apple:".len() <= MAX_NAME_CHARS,
    }
}

/// Removes a device from the account that had it: another user has signed in on it.
async fn release(app: &App, token: String) -> Result<(), StoreError> {
    if let Some(owner) = app.store.find(&UniqueName::Device(token.clone())).await? {
        app.store.update(owner, Scope::Account, 0, &mut |_, _| vec![Change::DropDevice(token.clone())]).await?;
    }
    Ok(())
}
