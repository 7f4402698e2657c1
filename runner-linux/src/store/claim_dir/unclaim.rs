//! The way back: the identity of this machine is removed, in an order that leaves it claimed or unclaimed wherever a crash
//! comes.
//!
//! | step | until the next one this machine is |
//! |---|---|
//! | `pending` goes: what is open is given up | claimed, or unclaimed if it was not claimed |
//! | `token` goes: with it an unclaimed daemon would claim again | the same |
//! | `claimed_id` goes | unclaimed |
//! | `node_id`, `cloud.conf`, `public.pem`, `private.pem` go | unclaimed, with a key that a claim would use |
//!
//! What the person put there stays: `rooms` and certificates. Each removal is durable before the next.

use super::{
    CLAIMED_ID, CLOUD_CONF, CLOUD_FULLCHAIN, ClaimDir, NODE_ID, PENDING, PRIVATE_PEM, PUBLIC_PEM, ROOMS, TOKEN,
    TRUSTED, WRITTEN, temporary,
};
use crate::store::disk::{Dir, Disk};
use crate::store::error::StoreError;

/// What is removed, in this order.
const IDENTITY: [&str; 7] = [PENDING, TOKEN, CLAIMED_ID, NODE_ID, CLOUD_CONF, PUBLIC_PEM, PRIVATE_PEM];
/// What is not.
const KEPT: [&str; 3] = [ROOMS, CLOUD_FULLCHAIN, TRUSTED];

impl<D: Disk> ClaimDir<D> {
    /// Removes the identity. Yields the names of what was there. May be done again after a crash.
    pub(crate) fn unclaim(&mut self) -> Result<Vec<&'static str>, StoreError> {
        self.remove_temporary_files()?;
        let mut removed = Vec::new();
        for name in IDENTITY {
            if self.remove(name)? {
                removed.push(name);
            }
        }
        Ok(removed)
    }

    /// Removes what a crash can have left behind while a file was written: it may be half a key.
    pub(super) fn remove_temporary_files(&mut self) -> Result<(), StoreError> {
        let mut removed = false;
        for name in WRITTEN {
            let temporary = temporary(name);
            removed |= self.disk.remove(&temporary).map_err(|problem| problem.at(self.path.join(temporary)))?;
        }
        if removed { self.sync_names() } else { Ok(()) }
    }
}

impl ClaimDir<Dir> {
    /// Whether anything of an identity is here. A token is none: it is what the next claim begins with.
    pub(crate) fn has_identity(&self) -> bool {
        IDENTITY.iter().any(|name| *name != TOKEN && self.disk.has(name))
    }

    /// What [`unclaim`](Self::unclaim) leaves here.
    pub(crate) fn kept(&self) -> Vec<&'static str> {
        KEPT.into_iter().filter(|name| self.disk.has(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::ClaimDir;
    use crate::store::model::{Model, Trouble};
    use aclk_core::identity::guid::Guid;
    use aclk_core::store::{Claim, Record};
    use aclk_core::wire::url::Url;
    use std::path::Path;

    const ID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
    const FILES: [(&str, &str); 10] = [
        ("claimed_id", ID),
        ("cloud.conf", "[global]\ncloud base url = https://cloud.example\n"),
        ("private.pem", "key"),
        ("public.pem", "half"),
        ("node_id", "claimed_id = x\n"),
        ("token", "secret"),
        ("rooms", "a"),
        ("cloud_fullchain.pem", "chain"),
        (".private.pem.new", "half a key"),
        ("pending", "id = 11111111-2222-4333-8444-555555555555\nurl = https://other.example\n"),
    ];

    fn dir(model: &mut Model) -> ClaimDir<&mut Model> {
        ClaimDir::new(model, Path::new("/claim.d"))
    }

    #[test]
    fn a_crash_at_every_step_leaves_a_claim_with_its_key_or_none_and_the_next_time_finishes() {
        let (mut claimed, mut unclaimed) = (0, 0);
        for files in [&FILES[..9], &FILES[..]] {
            let start = Model::with(files);
            let mut whole = start.clone();
            dir(&mut whole).unclaim().unwrap();
            for at in 0..whole.steps() {
                for trouble in [Trouble::Crash(at), Trouble::Error(at)] {
                    let mut model = start.clone();
                    model.expect(trouble);
                    dir(&mut model).unclaim().unwrap_err();
                    for mut survivor in model.survivors() {
                        let saved = dir(&mut survivor).load().unwrap();
                        if saved.claimed.is_some() {
                            claimed += 1;
                            assert!(survivor.files().contains_key("private.pem"), "a claim without its key");
                            assert!(survivor.files().contains_key("cloud.conf"), "a claim without its Cloud");
                        } else {
                            unclaimed += 1;
                            assert!(saved.pending.is_none(), "neither claimed nor unclaimed");
                            assert!(!survivor.files().contains_key("token"), "it would be claimed again");
                        }
                        dir(&mut survivor).unclaim().unwrap();
                        let left = survivor.files();
                        assert!(left.keys().eq(["cloud_fullchain.pem", "rooms"].iter()), "{left:?}");
                    }
                }
            }
        }
        assert!(claimed > 10 && unclaimed > 10, "{claimed} {unclaimed}");
    }

    #[test]
    fn a_claim_that_was_under_way_does_not_come_back_without_its_key() {
        let mut model = Model::with(&FILES);
        dir(&mut model).unclaim().unwrap();
        let claim = Claim { id: Guid::parse(ID).unwrap(), url: Url::parse("https://cloud.example").unwrap() };
        let error = dir(&mut model).save(Record::Claimed(&claim)).unwrap_err().to_string();
        assert_eq!(error, "/claim.d/private.pem was removed at the same time: try again");
        assert!(!model.files().contains_key("claimed_id"));
    }
}
