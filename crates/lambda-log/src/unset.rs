//! What is not written down.

/// Whether a value is the one it begins with; such are not written down, so that what is stored stays small.
pub(crate) fn is_unset<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
