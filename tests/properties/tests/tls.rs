//! A secret leaves only inside TLS, and only to a server that has proved to be the one that it is for: random servers, days and
//! pieces, 250 of them, or a quarter of `ACLK_PROPERTY_CASES`.

mod server;

use aclk_properties::{cases, config};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config("servers", cases(1_000) / 4))]

    #[test]
    fn a_secret_is_said_to_the_right_server_and_no_other(server in server::servers()) {
        let outcome = server::hears_the_secret_only_if_it_is_the_right_one(&server);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }
}
