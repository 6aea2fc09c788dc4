//! Nothing is in here: cargo wants a package to have a library or a program, and this one has only tests (`tests/it/`).
