//! Whom the firmware trusts if its flash does not say otherwise.
//!
//! The roots are chosen when the firmware is built: those of Let's Encrypt and Google Trust Services, or all of the PEM file
//! that the environment variable `ACLK_ANCHORS` names then. docs/firmware-guide.md lists them. Of each certificate only name
//! and key are kept. Its last day does not matter to a device (RFC 5280 6.1.1), and is in [`ROOTS`] for people.
//!
//! Roots change within the life of a device, so its flash may have others:
//! [`FlashStore::set_anchors`](crate::flash::FlashStore::set_anchors).

use rustls_pki_types::{Der, TrustAnchor};

/// A certificate authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// Its common name.
    pub name: &'static str,
    /// The last day of its certificate, as in 2035-06-04.
    pub expires: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/anchors.rs"));

#[cfg(test)]
mod tests {
    use super::{ANCHORS, ROOTS};
    use aclk_core::tls::anchor;
    use std::format;
    use std::vec::Vec;
    use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

    #[test]
    fn each_is_what_webpki_makes_of_a_root_certificate() {
        let roots: Vec<_> = TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| anchor(root).ok()).collect();
        assert_eq!(ANCHORS.len(), ROOTS.len());
        for (anchor, root) in ANCHORS.iter().zip(ROOTS) {
            assert!(roots.contains(anchor), "{}", root.name);
            assert!(anchor.subject.ends_with(root.name.as_bytes()), "{}", root.name);
        }
    }

    #[test]
    fn the_guide_lists_them_with_their_last_days() {
        let guide = include_str!("../../../docs/firmware-guide.md");
        let rows: Vec<_> = guide.lines().filter(|line| line.starts_with("| ") && line.contains(" Root ")).collect();
        let expected: Vec<_> = ROOTS.iter().map(|root| format!("| {} | {} |", root.name, root.expires)).collect();
        assert_eq!(rows.len(), expected.len(), "{rows:#?}");
        for (row, expected) in rows.iter().zip(&expected) {
            assert!(row.starts_with(expected), "{row} is not {expected}");
        }
    }
}
