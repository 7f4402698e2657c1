//! Who a node is: its RSA key pair and its identifiers.

#[cfg(feature = "compact-rsa")]
pub mod generate;
pub mod guid;
pub mod key;
#[cfg(all(feature = "compact-rsa", not(feature = "rsa")))]
mod oaep;
pub mod pem;
#[cfg(feature = "compact-rsa")]
mod pkcs;
#[cfg(feature = "compact-rsa")]
pub mod private_key;
#[cfg(feature = "compact-rsa")]
pub mod software;
