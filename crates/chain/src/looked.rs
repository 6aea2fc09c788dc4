//! What the snapshots of the map say of one resource.

use account::map::{MapKind, MapResource, MapSnapshot};

/// What a step of the path came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PathStep<T> {
    /// It is there.
    Found(T),
    /// It was asked for, and is not there.
    Absent,
    /// It was not asked for, or may not be read: why.
    Unknown(String),
    /// An earlier step is not there or unknown, so nothing leads here.
    #[default]
    Beyond,
    /// This path does not have it.
    Skipped,
}

impl<T> PathStep<T> {
    /// What is there.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(found) => Some(found),
            _ => None,
        }
    }

    /// The next step from what is there; one that is skipped is not there for the next one either.
    pub(crate) fn then<N>(&self, next: impl FnOnce(&T) -> PathStep<N>) -> PathStep<N> {
        match self {
            Self::Found(found) => next(found),
            Self::Skipped => PathStep::Skipped,
            _ => PathStep::Beyond,
        }
    }
}

/// The snapshots of a chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MapLook<'a>(pub(crate) &'a [MapSnapshot]);

impl<'a> MapLook<'a> {
    fn of(self, kind: MapKind) -> impl Iterator<Item = &'a MapSnapshot> {
        self.0.iter().filter(move |snapshot| snapshot.kind == kind)
    }

    /// Why a kind is unknown, if nothing of it was read.
    fn unknown(self, kind: MapKind) -> Option<String> {
        let mut all = self.of(kind).peekable();
        if all.peek().is_none() {
            return Some(format!("the {} was not asked for", kind.title()));
        }
        all.find_map(|snapshot| snapshot.unknown.clone())
    }

    /// One resource of a kind. Where one Region may not be read and no other has it, it is unknown.
    pub(crate) fn one(self, kind: MapKind, fits: impl Fn(&MapResource) -> bool) -> PathStep<MapResource> {
        let found = self.of(kind).flat_map(|snapshot| &snapshot.resources).find(|one| fits(one));
        match (found, self.unknown(kind)) {
            (Some(found), _) => PathStep::Found(found.clone()),
            (None, Some(why)) => PathStep::Unknown(why),
            (None, None) => PathStep::Absent,
        }
    }

    /// The parts of a whole, in order; an empty list is that it has none.
    pub(crate) fn parts(self, kind: MapKind, whole: &str) -> PathStep<Vec<MapResource>> {
        let all = self.of(kind).flat_map(|snapshot| &snapshot.resources);
        let found: Vec<MapResource> = all.filter(|one| one.of.as_deref() == Some(whole)).cloned().collect();
        // A snapshot that says which wholes were read says nothing of the others.
        let was_read = |snapshot: &MapSnapshot| {
            snapshot.parts.is_empty() || snapshot.parts.get(whole).is_some_and(|part| part.read.is_some())
        };
        match self.unknown(kind) {
            _ if !found.is_empty() => PathStep::Found(found),
            Some(why) => PathStep::Unknown(why),
            None if self.of(kind).any(was_read) => PathStep::Found(found),
            None => PathStep::Unknown(format!("the {} of `{whole}` was not read", kind.title())),
        }
    }
}
