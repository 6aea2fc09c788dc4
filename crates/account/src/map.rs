//! The map of an account: its resources with the settings that matter, the edges between them, and what changed from
//! one snapshot to the next.

mod change;
mod compare;
mod digest;
mod edge;
mod kind;
mod resource;
#[cfg(test)]
mod tests;
mod trail;

pub use change::{Change, ChangeBody, ChangeCall, merged};
pub use compare::changes;
pub use digest::{DigestKey, digest};
pub use edge::{EdgeKind, MapEdge, edges, function_named, functions};
pub use kind::MapKind;
pub use resource::{MapResource, MapSnapshot, SnapshotPart, TEXT_LIMIT};
pub use trail::{TrailEvent, attributed};
