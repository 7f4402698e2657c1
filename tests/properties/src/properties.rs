//! The rules, each a function of a [`Run`]. `Err` says what broke it.

mod backoff;
mod connections;
mod failures;
mod secrets;

use crate::play::{ONLINE_WITHIN, Run};

/// Something that holds whatever happens.
pub struct Property {
    /// Its name, as it stands in docs/testing.md.
    pub name: &'static str,
    /// Finds out.
    pub check: fn(&Run) -> Result<(), String>,
}

/// All of them. That the same seed gives the same transcript takes two runs, and is tested beside them.
pub const PROPERTIES: &[Property] = &[
    Property { name: "nothing but claim traffic before claimed", check: connections::claim_comes_first },
    Property { name: "at most one connection", check: connections::at_most_one },
    Property { name: "a password goes only to who has proved the upgrade", check: connections::upgrade_is_proved },
    Property { name: "back-off never below the rule", check: backoff::is_never_below_the_rule },
    Property { name: "banned means silent until reload", check: backoff::banned_means_silent },
    Property { name: "a secret leaves only where it belongs", check: secrets::leave_only_where_they_belong },
    Property { name: "every failure has stage, cause and next step", check: failures::are_whole },
    Property { name: "after faults end it comes online in time", check: comes_online },
    Property { name: "memory is bounded", check: allocates_nothing },
];

fn comes_online(run: &Run) -> Result<(), String> {
    match (run.scenario.claims, run.online) {
        (true, None) => {
            Err(format!("not online within {ONLINE_WITHIN:?} after all faults had ended at {:?}", run.calm))
        }
        (false, Some(at)) => Err(format!("online at {at:?}, and nobody has claimed it")),
        _ => Ok(()),
    }
}

/// Whatever comes in, it is worked on in the buffers that the engine was given.
fn allocates_nothing(run: &Run) -> Result<(), String> {
    if run.allocations == 0 { Ok(()) } else { Err(format!("the engine allocated {} times", run.allocations)) }
}
