//! What each link says of what was seen: the file of the link in `links/`.

use crate::hop::Hop;
use crate::link::{Link, table};
use crate::links;
use crate::seen::ChainSeen;

macro_rules! judges {
    ($($module:ident: $link:ident, $title:literal, [$($cause:ident)*];)*) => {
        impl Link {
            /// What was seen of it.
            pub(crate) fn judge(self, seen: &ChainSeen) -> Hop {
                match self { $(Self::$link => links::$module::judge(seen)),* }
            }
        }
    };
}

table!(judges);
