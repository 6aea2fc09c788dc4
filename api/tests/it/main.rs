//! The API against the world it runs in: its stores, the services of others, and the client.

mod conformance;
mod fakes;
mod google_account;
mod store_documents;
mod store_firestore;
mod store_google_drive;
mod store_icloud;
