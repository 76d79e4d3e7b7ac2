//! The sign-in at Microsoft and the Microsoft tokens of a cell.
//!
//! Source: Microsoft identity platform v2, authorization code flow with PKCE for confidential clients, certificate and
//! federated credentials, continuous access evaluation.

pub mod aadsts;
mod certificate;
mod challenge;
pub mod client;
pub mod cloud;
pub mod credential;
mod id_token;
mod link;
mod rows;
pub mod session;
pub mod upkeep;

pub use certificate::{CertificateError, ClientCertificate};
