//! The forge of the core's own tests, and what it expects around it.

#[path = "../../../../core/tests/tls/support/forge.rs"]
#[allow(dead_code, unreachable_pub, unexpected_cfgs)] // the tests there need more of it
pub(crate) mod forge;

pub(crate) mod pki {
    /// The forge makes one; nobody here needs it.
    #[allow(dead_code)]
    pub(crate) struct Identity {
        pub(crate) chain: Vec<rustls::pki_types::CertificateDer<'static>>,
        pub(crate) key: rcgen::KeyPair,
    }
}

pub(crate) mod script {
    pub(crate) use aclk_fuzz::vector;
}
