//! The run-time socket: requests, and the answers of a daemon, which may be the original one. The very source of the program,
//! which is no library.

#[path = "../../../../runner-linux/src/socket/record.rs"]
#[allow(dead_code)] // the program needs more of it
mod record;
#[path = "../../../../runner-linux/src/socket/request.rs"]
mod request;

use crate::input::Steps;
use record::Reply;

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    if steps.next(2) == Some(0) {
        let bytes = steps.rest();
        if let Some((_, argument)) = request::parse(bytes) {
            assert!(argument == argument.trim() && argument.len() < bytes.len());
        }
        return;
    }
    let Some(reply) = Reply::decode(steps.rest()) else { return };
    assert!(!reply.stdout.contains('\0') && !reply.stderr.contains('\0'));
    assert_eq!(Reply::decode(&reply.encode()), Some(reply));
}
