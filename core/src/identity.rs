//! Who a node is: its RSA key pair and its identifiers.

#[cfg(feature = "rsa")]
pub mod generate;
pub mod guid;
pub mod key;
pub mod pem;
#[cfg(feature = "rsa")]
pub mod software;
