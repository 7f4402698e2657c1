//! What the claim directory promises: after a crash at any point it is unclaimed, pending or claimed, and the next run
//! finishes; and the rights of its files.

use super::claim_dir::{ClaimDir, Terms, temporary};
use super::disk::{Dir, Disk};
use super::error::{Problem, StoreError};
use super::model::{Model, Trouble};
use super::{FileStore, Store};
use crate::hidden::Hidden;
use crate::scratch::Scratch;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::secret::Secret;
use aclk_core::store::{Claim, NodeId, Record, Saved};
use aclk_core::wire::url::Url;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

const ID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const OTHER_ID: &str = "11111111-2222-4333-8444-555555555555";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nthe private half\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nthe public half\n-----END PUBLIC KEY-----\n";
/// What a directory has that is about to be claimed.
const WITH_KEY: (&str, &str) = ("private.pem", KEY);

fn claim(id: &str, url: &str) -> Claim {
    Claim { id: Guid::parse(id).unwrap(), url: Url::parse(url).unwrap() }
}

fn ours() -> Claim {
    claim(ID, "https://cloud.example:8443")
}

fn earlier() -> Claim {
    claim(OTHER_ID, "https://earlier.example")
}

fn terms(proxy: &str) -> Terms {
    Terms { proxy: Some(Hidden::new(proxy)), insecure: false }
}

fn key() -> Secret<PRIVATE_PEM_MAX> {
    Secret::copy_of(KEY.as_bytes()).unwrap()
}

fn dir(model: &mut Model) -> ClaimDir<&mut Model> {
    ClaimDir::new(model, Path::new("/claim.d"))
}

/// Does what a run does from where an earlier one ended. Says how many changes were confirmed.
fn run(model: &mut Model, done: &mut usize) -> Result<(), StoreError> {
    let mut dir = dir(model);
    dir.recover()?;
    if dir.private_pem()?.is_none() {
        dir.save(Record::Key { private_pem: &key(), public_pem: PUBLIC })?;
    } else {
        dir.repair_public(PUBLIC)?;
    }
    *done = 1;
    if dir.load()?.claimed.as_ref() != Some(&ours()) {
        dir.save(Record::Pending(&ours()))?;
        *done = 2;
        dir.save(Record::Claimed(&ours()))?;
    }
    *done = 3;
    Ok(())
}

/// Crashes a run on `start` at every step and hands every state that may be found then to `check`, which learns how
/// many changes the run had been told were durable.
fn crash_everywhere(start: &Model, check: impl Fn(&mut Model, usize)) {
    // A crash while the damage of the first crash is repaired must be no worse, so what is found is the next start.
    let mut starts = vec![(start.clone(), 0)];
    let mut seen = BTreeSet::new();
    while let Some((start, promised)) = starts.pop() {
        let mut whole = start.clone();
        run(&mut whole, &mut 0).unwrap();
        for at in 0..whole.steps() {
            let mut model = start.clone();
            model.expect(Trouble::Crash(at));
            let mut done = 0;
            run(&mut model, &mut done).unwrap_err();
            let done = done.max(promised);
            for mut survivor in model.survivors() {
                if seen.insert((survivor.snapshot(), done)) {
                    check(&mut survivor, done);
                    starts.push((survivor, done));
                }
            }
        }
    }
    assert!(seen.len() > 20, "only {} states were seen", seen.len());
}

fn assert_finished(model: &mut Model) {
    run(model, &mut 0).unwrap();
    assert_eq!(dir(model).load().unwrap(), Saved { claimed: Some(ours()), pending: None, node: None });
    let files = model.files();
    assert_eq!(files["claimed_id"], ID.as_bytes());
    assert_eq!(files["private.pem"], KEY.as_bytes());
    assert_eq!(files["public.pem"], PUBLIC.as_bytes());
    assert!(files.keys().eq(["claimed_id", "cloud.conf", "private.pem", "public.pem", "rooms"].iter()), "{files:?}");
}

fn assert_private(model: &Model) {
    assert!(model.modes_of(b"the private half").iter().all(|mode| *mode == 0o600));
}

#[test]
fn a_first_claim_survives_a_crash_at_every_step() {
    let start = Model::with(&[("token", "secret"), ("rooms", "a,b")]);
    crash_everywhere(&start, |survivor, done| {
        assert_private(survivor);
        let saved = dir(survivor).load().unwrap();
        match (&saved.claimed, &saved.pending) {
            (None, None) => assert!(done < 2, "a pending claim was lost"),
            (None, Some(pending)) => assert!(done < 3 && *pending == ours()),
            (Some(claimed), None) => assert!(*claimed == ours()),
            (Some(_), Some(_)) => panic!("{saved:?}"),
        }
        let has_key = dir(survivor).private_pem().unwrap().is_some();
        assert!(has_key || (done < 1 && saved == Saved::default()), "the key was lost");
        let has_token = dir(survivor).token().unwrap().is_some();
        assert!(has_token || saved.claimed.is_some(), "the token went before the claim was confirmed");
        assert!(has_key || !survivor.files().contains_key("public.pem"), "a public half without the private one");
        assert_finished(&mut survivor.clone());
    });
}

#[test]
fn a_claim_at_another_cloud_survives_a_crash_at_every_step() {
    let start = Model::with(&[
        ("claimed_id", OTHER_ID),
        ("cloud.conf", "[global]\nurl = https://earlier.example\n"),
        ("private.pem", KEY),
        ("rooms", ""),
        ("token", "secret"),
    ]);
    crash_everywhere(&start, |survivor, done| {
        let saved = dir(survivor).load().unwrap();
        let states = [
            Saved { claimed: Some(earlier()), pending: None, node: None },
            Saved { claimed: Some(earlier()), pending: Some(ours()), node: None },
            Saved { claimed: None, pending: Some(ours()), node: None },
            Saved { claimed: Some(ours()), pending: None, node: None },
        ];
        let oldest = [0, 0, 1, 3][done];
        assert!(states[oldest..].contains(&saved), "after {done} changes: {saved:?}");
        assert_finished(&mut survivor.clone());
    });
}

#[test]
fn a_new_key_replaces_the_old_one_and_gets_its_public_half() {
    let start = Model::with(&[("private.pem", "old"), ("public.pem", "old half")]);
    let replace = |model: &mut Model| dir(model).save(Record::Key { private_pem: &key(), public_pem: PUBLIC });
    let mut whole = start.clone();
    replace(&mut whole).unwrap();
    for at in 0..whole.steps() {
        let mut model = start.clone();
        model.expect(Trouble::Crash(at));
        replace(&mut model).unwrap_err();
        for mut survivor in model.survivors() {
            assert_private(&survivor);
            let mut dir = dir(&mut survivor);
            dir.recover().unwrap();
            let private = dir.private_pem().unwrap().unwrap();
            let is_new = private.expose() == KEY.as_bytes();
            assert!(is_new || private.expose() == b"old");
            dir.repair_public(if is_new { PUBLIC } else { "old half" }).unwrap();
            let files = survivor.files();
            assert_eq!(files["public.pem"], if is_new { PUBLIC.as_bytes() } else { b"old half" });
            assert_eq!(files.len(), 2, "{files:?}");
        }
    }
}

#[test]
fn a_refused_claim_leaves_token_and_key() {
    let mut model = Model::with(&[("token", "secret"), ("private.pem", KEY)]);
    dir(&mut model).save(Record::Pending(&ours())).unwrap();
    assert_eq!(dir(&mut model).load().unwrap(), Saved { claimed: None, pending: Some(ours()), node: None });
    dir(&mut model).save(Record::Refused).unwrap();
    assert_eq!(dir(&mut model).load().unwrap(), Saved::default());
    assert!(model.files().keys().eq(["private.pem", "token"].iter()));
}

#[test]
fn a_full_disk_leaves_no_private_key_in_a_temporary_file() {
    let mut whole = Model::default();
    dir(&mut whole).save(Record::Key { private_pem: &key(), public_pem: PUBLIC }).unwrap();
    for at in 0..whole.steps() {
        let mut model = Model::default();
        model.expect(Trouble::Error(at));
        let error = dir(&mut model).save(Record::Key { private_pem: &key(), public_pem: PUBLIC }).unwrap_err();
        assert!(error.to_string().contains("/claim.d") && error.to_string().contains("no space left"), "{error}");
        assert!(!model.files().keys().any(|name| name.starts_with('.')), "step {at}: {:?}", model.files());
    }
}

#[test]
fn what_a_person_wrote_into_cloud_conf_survives_a_claim() {
    let mut model =
        Model::with(&[("cloud.conf", "# ours\n[global]\n  proxy = none\n  url = https://earlier.example\n"), WITH_KEY]);
    dir(&mut model).save(Record::Claimed(&ours())).unwrap();
    let conf = String::from_utf8(model.files()["cloud.conf"].to_vec()).unwrap();
    assert!(conf.contains("# ours\n") && conf.contains("  proxy = none\n"), "{conf}");
    assert!(!conf.contains("earlier"), "{conf}");
    assert_eq!(dir(&mut model).url().unwrap(), Some(ours().url));
}

#[test]
fn the_proxy_of_a_claim_is_stored_with_it_and_its_password_is_nobody_elses() {
    let start = Model::with(&[("cloud.conf", "[global]\n  proxy = http://old.example\n"), ("private.pem", KEY)]);
    let setting = "http://alice:hunter2@proxy.example:3128";
    let save = |model: &mut Model| dir(model).with_terms(terms(setting)).save(Record::Claimed(&ours()));
    let mut whole = start.clone();
    save(&mut whole).unwrap();
    for at in 0..whole.steps() {
        let mut model = start.clone();
        model.expect(Trouble::Crash(at));
        save(&mut model).unwrap_err();
        for mut survivor in model.survivors() {
            assert!(survivor.modes_of(b"hunter2").iter().all(|mode| *mode == 0o600));
            let dir = dir(&mut survivor);
            let proxy = dir.proxy().unwrap().unwrap();
            let is_new = proxy.expose() == setting;
            assert!(is_new || proxy.expose() == "http://old.example");
            assert!(is_new || dir.load().unwrap().claimed.is_none(), "claimed without the proxy that leads there");
        }
    }
    assert!(whole.modes_of(b"hunter2").contains(&0o600));
    // A later claim that says nothing of a proxy keeps it, and its rights.
    dir(&mut whole).save(Record::Claimed(&earlier())).unwrap();
    assert_eq!(dir(&mut whole).proxy().unwrap().unwrap().expose(), setting);
    assert!(whole.modes_of(b"hunter2").iter().all(|mode| *mode == 0o600));
    // One that says there is none removes it.
    dir(&mut whole).with_terms(terms("none")).save(Record::Claimed(&ours())).unwrap();
    assert_eq!(dir(&mut whole).proxy().unwrap().unwrap().expose(), "none");
    assert_eq!(whole.modes_of(b"proxy = none"), [0o644]);
}

#[test]
fn a_password_in_a_line_that_no_longer_counts_stays_nobody_elses() {
    for conf in [
        "[global]\n  proxy = http://u:hunter2@p.example\n  proxy = none\n",
        "# proxy = http://u:hunter2@p.example\n[global]\n  proxy = none\n",
    ] {
        let mut model = Model::with(&[("cloud.conf", conf), WITH_KEY]);
        dir(&mut model).save(Record::Claimed(&ours())).unwrap();
        let conf = model.files()["cloud.conf"].to_vec();
        assert_eq!(model.modes_of(&conf), [0o600], "{}", String::from_utf8_lossy(&conf));
    }
}

#[test]
fn an_identity_without_cloud_conf_belongs_to_netdata_cloud() {
    let mut model = Model::with(&[("claimed_id", &format!("{ID}\n"))]);
    let saved = dir(&mut model).load().unwrap();
    assert_eq!(saved.claimed, Some(claim(ID, "https://app.netdata.cloud")));
}

#[test]
fn damaged_files_are_named_with_advice() {
    let cases = [
        (("claimed_id", "nonsense"), "/claim.d/claimed_id: should hold the claimed id, a UUID, but: "),
        (
            ("pending", "id = x\nurl = https://a.example\n"),
            "/claim.d/pending: damaged; remove the file and claim again",
        ),
        (
            ("cloud.conf", "[global]\nurl = http://a.example\n"),
            "/claim.d/cloud.conf: [global] url: the URL starts with http://",
        ),
    ];
    for ((name, content), expected) in cases {
        let mut files = vec![("claimed_id", ID)];
        files.push((name, content));
        let error = dir(&mut Model::with(&files)).load().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let endless = "x".repeat(100_000);
    for name in ["claimed_id", "pending", "cloud.conf"] {
        let files = [("claimed_id", ID), (name, endless.as_str())];
        let error = dir(&mut Model::with(&files)).load().unwrap_err().to_string();
        assert!(error.starts_with(&format!("/claim.d/{name} is larger than ")), "{error}");
    }
}

#[test]
fn only_a_plain_no_disables_the_link() {
    for (text, disabled) in
        [("enabled = no", true), ("enabled = yes", false), ("", false), ("[web]\nenabled = no", false)]
    {
        let conf = format!("[global]\n{text}\n");
        assert_eq!(dir(&mut Model::with(&[("cloud.conf", &conf)])).is_disabled().unwrap(), disabled, "{conf}");
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn the_files_of_a_claim_have_the_documented_content_and_rights() {
    let scratch = Scratch::new();
    let path = scratch.path().join("etc/netdata/claim.d");
    let mut store = FileStore::new(&path);
    assert_eq!(block_on(store.load()).unwrap(), Saved::default());
    assert!(block_on(store.load_key()).unwrap().is_none());
    assert!(!path.exists(), "looking made the directory");

    block_on(store.save(Record::Key { private_pem: &key(), public_pem: PUBLIC })).unwrap();
    assert_eq!(mode(&path), 0o770);
    assert_eq!(mode(&path.join("private.pem")), 0o600);
    assert_eq!(mode(&path.join("public.pem")), 0o644);
    fs::write(path.join("token"), "secret\n").unwrap();
    block_on(store.save(Record::Pending(&ours()))).unwrap();
    assert_eq!(block_on(store.load()).unwrap().pending, Some(ours()));
    block_on(store.save(Record::Claimed(&ours()))).unwrap();
    assert_eq!(block_on(store.load()).unwrap(), Saved { claimed: Some(ours()), pending: None, node: None });
    assert_eq!(fs::read_to_string(path.join("claimed_id")).unwrap(), ID);
    assert_eq!(mode(&path.join("claimed_id")), 0o644);
    assert!(!path.join("token").exists() && !path.join("pending").exists());
    assert_eq!(block_on(store.load_key()).unwrap().unwrap().expose(), KEY.as_bytes());
}

#[test]
fn a_directory_with_wide_rights_is_narrowed() {
    let scratch = Scratch::new();
    let path = scratch.path().join("claim.d");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    block_on(FileStore::new(&path).save(Record::Pending(&ours()))).unwrap();
    assert_eq!(mode(&path), 0o770);
}

#[test]
fn a_removed_directory_means_unclaimed() {
    let scratch = Scratch::new();
    let path = scratch.path().join("claim.d");
    let mut store = FileStore::new(&path);
    block_on(store.save(Record::Key { private_pem: &key(), public_pem: PUBLIC })).unwrap();
    block_on(store.save(Record::Claimed(&ours()))).unwrap();
    fs::remove_dir_all(&path).unwrap();
    assert_eq!(block_on(store.load()).unwrap(), Saved::default());
}

#[test]
fn left_over_temporary_files_are_removed() {
    let scratch = Scratch::new();
    let path = scratch.path().join("claim.d");
    fs::create_dir(&path).unwrap();
    for name in ["private.pem", "claimed_id"] {
        fs::write(path.join(temporary(name)), "half of someth").unwrap();
    }
    let mut store = FileStore::new(&path);
    assert_eq!(store.recover().unwrap(), None);
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
}

#[test]
fn a_confirmed_claim_that_was_interrupted_is_finished() {
    let scratch = Scratch::new();
    let path = scratch.path().join("claim.d");
    let mut store = FileStore::new(&path);
    block_on(store.save(Record::Key { private_pem: &key(), public_pem: PUBLIC })).unwrap();
    block_on(store.save(Record::Claimed(&ours()))).unwrap();
    block_on(store.save(Record::Pending(&ours()))).unwrap();
    fs::write(path.join("token"), "secret").unwrap();
    assert_eq!(store.recover().unwrap(), Some(ours()));
    assert!(!path.join("token").exists() && !path.join("pending").exists());
    assert_eq!(store.recover().unwrap(), None);
}

#[test]
fn a_second_claim_at_the_same_time_is_told_about_the_first() {
    let scratch = Scratch::new();
    let path = scratch.path().join("claim.d");
    let mut first = FileStore::new(&path);
    first.hold().unwrap();
    block_on(first.save(Record::Pending(&ours()))).unwrap();
    let mut second = FileStore::new(&path);
    second.patience = Duration::ZERO;
    let error = second.hold().unwrap_err().to_string();
    assert!(error.contains(&format!("(pid {})", std::process::id())), "{error}");
    drop(first);
    second.hold().unwrap();
}

#[test]
fn a_link_planted_in_place_of_a_temporary_file_is_not_written_through() {
    let scratch = Scratch::new();
    let path = scratch.path().join("claim.d");
    fs::create_dir(&path).unwrap();
    let victim = scratch.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    for name in ["private.pem", "public.pem"] {
        symlink(&victim, path.join(temporary(name))).unwrap();
        symlink(&victim, path.join(name)).unwrap();
    }
    block_on(FileStore::new(&path).save(Record::Key { private_pem: &key(), public_pem: PUBLIC })).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    assert!(fs::symlink_metadata(path.join("private.pem")).unwrap().is_file());
    assert_eq!(fs::read_to_string(path.join("private.pem")).unwrap(), KEY);
}

#[test]
fn a_file_somebody_put_there_meanwhile_is_not_written_to() {
    let scratch = Scratch::new();
    fs::write(scratch.path().join("victim"), "untouched").unwrap();
    symlink("victim", scratch.path().join("link")).unwrap();
    let mut dir = Dir::open(scratch.path()).unwrap().unwrap();
    for name in ["victim", "link"] {
        dir.create(name, 0o600).unwrap_err();
    }
    assert_eq!(fs::read_to_string(scratch.path().join("victim")).unwrap(), "untouched");
}

#[test]
fn a_secret_may_be_a_link_of_ours_but_not_of_somebody_else() {
    let scratch = Scratch::new();
    let path = scratch.path().join("claim.d");
    fs::create_dir(&path).unwrap();
    fs::write(scratch.path().join("mounted"), "from a secret volume\n").unwrap();
    symlink("../mounted", path.join("token")).unwrap();
    let store = FileStore::new(&path);
    let token = store.open().unwrap().unwrap().token().unwrap().unwrap();
    assert_eq!(token.expose(), b"from a secret volume");

    if fs::metadata(&path).unwrap().uid() != 0 {
        eprintln!("skipped the other half: only root can make a link that belongs to somebody else");
        return;
    }
    std::os::unix::fs::lchown(path.join("token"), Some(12345), None).unwrap();
    let error = store.open().unwrap().unwrap().token().unwrap_err();
    assert_eq!(error.problem, Problem::ForeignLink);
}

#[test]
fn things_that_are_no_files_are_refused_without_waiting() {
    let scratch = Scratch::new();
    let path = scratch.path();
    rustix::fs::mknodat(rustix::fs::CWD, path.join("token"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .unwrap();
    fs::create_dir(path.join("rooms")).unwrap();
    let dir = Dir::open(path).unwrap().unwrap();
    assert_eq!(dir.read("token", 10), Err(Problem::NotAFile));
    assert_eq!(dir.read("rooms", 10), Err(Problem::NotAFile));
    fs::write(path.join("file"), "").unwrap();
    assert_eq!(Dir::open(&path.join("file")).unwrap_err(), Problem::NotADirectory);
}

#[test]
fn a_file_at_its_limit_is_read_and_one_over_it_is_not() {
    let scratch = Scratch::new();
    fs::write(scratch.path().join("f"), "0123456789").unwrap();
    let dir = Dir::open(scratch.path()).unwrap().unwrap();
    assert_eq!(dir.read("f", 10).unwrap().unwrap().as_slice(), b"0123456789");
    assert_eq!(dir.read("f", 9), Err(Problem::TooLarge { limit: 9 }));
}

#[test]
fn what_root_writes_belongs_to_the_owner_of_the_directory() {
    let scratch = Scratch::new();
    let path = scratch.path().join("claim.d");
    fs::create_dir(&path).unwrap();
    if fs::metadata(&path).unwrap().uid() != 0 {
        eprintln!("skipped: only root can give a directory away");
        return;
    }
    std::os::unix::fs::chown(&path, Some(12345), Some(23456)).unwrap();
    block_on(FileStore::new(&path).save(Record::Key { private_pem: &key(), public_pem: PUBLIC })).unwrap();
    let stat = fs::metadata(path.join("private.pem")).unwrap();
    assert_eq!((stat.uid(), stat.gid(), stat.mode() & 0o777), (12345, 23456, 0o600));
}

#[test]
fn a_node_id_is_kept_with_the_claimed_id_it_belongs_to_and_goes_with_a_new_claim() {
    let id = NodeId { claimed: ours().id, node: Guid::parse("99999999-8888-4777-8666-555555555555").unwrap() };
    let mut model = Model::with(&[WITH_KEY]);
    dir(&mut model).save(Record::Claimed(&ours())).unwrap();
    dir(&mut model).save(Record::Node(id)).unwrap();
    assert_eq!(dir(&mut model).load().unwrap().node, Some(id));
    let text = format!("claimed_id = {}\nnode_id = {}\n", id.claimed, id.node);
    assert_eq!(model.files()["node_id"], text.as_bytes());
    // It is stored whole or not at all, wherever the power goes.
    for step in 0..20 {
        let mut model = model.clone();
        dir(&mut model).save(Record::Claimed(&ours())).unwrap();
        assert_eq!(dir(&mut model).load().unwrap().node, None);
        model.expect(Trouble::Crash(step));
        let _ = dir(&mut model).save(Record::Node(id));
        for mut survivor in model.survivors() {
            let saved = dir(&mut survivor).load().unwrap();
            assert_eq!(saved.claimed, Some(ours()), "crash at {step}");
            assert!(saved.node.is_none_or(|node| node == id), "crash at {step}");
        }
    }
}

#[test]
fn a_node_id_does_not_come_back_after_the_claim_that_it_belongs_to() {
    let id = NodeId { claimed: ours().id, node: Guid::parse("99999999-8888-4777-8666-555555555555").unwrap() };
    let mut model = Model::with(&[WITH_KEY]);
    dir(&mut model).save(Record::Claimed(&ours())).unwrap();
    dir(&mut model).unclaim().unwrap();
    dir(&mut model).save(Record::Node(id)).unwrap();
    assert!(!model.files().contains_key("node_id"), "{:?}", model.files());
}

#[test]
fn a_damaged_node_id_is_as_good_as_none() {
    for text in ["", "node_id = x", "claimed_id = 1\nnode_id = 2\n", "\0\0"] {
        let mut model = Model::with(&[("node_id", text)]);
        assert_eq!(dir(&mut model).load().unwrap(), Saved::default(), "{text:?}");
    }
}
