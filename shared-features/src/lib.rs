//! Nothing is in here: `Cargo.toml` turns on features of crates that several programs and their tests share.
