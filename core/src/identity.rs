//! Who a node is: its RSA key pair and its identifiers.

#[cfg(feature = "rsa")]
pub mod generate;
pub mod guid;
pub mod key;
#[cfg(feature = "rsa")]
mod oaep;
pub mod pem;
#[cfg(feature = "rsa")]
mod pkcs;
#[cfg(feature = "rsa")]
pub mod private_key;
#[cfg(feature = "rsa")]
pub mod software;
