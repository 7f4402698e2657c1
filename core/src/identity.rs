//! Who a node is: its RSA key pair and its identifiers.

pub mod generate;
pub mod guid;
pub mod key;
pub mod pem;
