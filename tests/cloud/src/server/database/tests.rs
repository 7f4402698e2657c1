use super::{Database, HISTORY_KEPT, META};
use crate::cloud::Cloud;
use crate::config::Config;
use crate::history::TurnKind;
use crate::space::Node;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// A folder of its own; removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("aclk-database-{}-{name}", std::process::id()));
        // What somebody with this number has left behind.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("cloud.redb")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn with_node(id: &str) -> Cloud {
    let mut cloud = Cloud::new(Config::default());
    let space = cloud.space().id.clone();
    let node = Node {
        claimed_id: id.to_owned(),
        hostname: "edge-1".to_owned(),
        machine_guid: None,
        space,
        rooms: Vec::new(),
        public_key: String::new(),
        claimed_at: Duration::from_secs(5),
        banned: false,
        instances: Vec::new(),
    };
    cloud.state.nodes.insert(id.to_owned(), node);
    cloud.changes.nodes.insert(id.to_owned());
    cloud
}

fn save(database: &Database, cloud: &mut Cloud) {
    database.save(cloud, cloud.changes().unwrap()).unwrap();
    cloud.saved();
}

#[test]
fn what_was_saved_is_there_again_and_what_is_gone_is_not() {
    let folder = Folder::new("again");
    let mut cloud = with_node("a");
    let database = Database::open(&folder.file()).unwrap();
    assert!(database.load().unwrap().is_none());
    for _ in 0..HISTORY_KEPT {
        cloud.turn("a", TurnKind::Connected { from: None });
        cloud.turn("a", TurnKind::Disconnected { why: "bored".to_owned() });
        save(&database, &mut cloud);
    }
    drop(database);

    let database = Database::open(&folder.file()).unwrap();
    let (state, history) = database.load().unwrap().unwrap();
    assert_eq!(state, *cloud.state());
    assert_eq!(history["a"].len(), HISTORY_KEPT);
    assert!(history["a"].iter().eq(cloud.history("a")));
    assert_eq!(history["a"].back().unwrap().number, 2 * HISTORY_KEPT as u64);

    cloud.remove_node(Duration::ZERO, "a").unwrap();
    save(&database, &mut cloud);
    let (state, history) = database.load().unwrap().unwrap();
    assert!(state.nodes.is_empty() && history.is_empty());
}

#[test]
fn a_damaged_database_is_refused_and_left_as_it_is() {
    let folder = Folder::new("damaged");
    let mut cloud = with_node("a");
    let database = Database::open(&folder.file()).unwrap();
    save(&database, &mut cloud);
    drop(database);
    let good = fs::read(folder.file()).unwrap();
    let needle = b"edge-1";
    let at = good.windows(needle.len()).position(|window| window == needle).unwrap();
    let mut changed = good.clone();
    changed[at] ^= 1;
    for (name, bytes) in [
        ("text", b"{\"spaces\":[".to_vec()),
        ("zeroes", vec![0; good.len()]),
        ("half", good[..good.len() / 2].to_vec()),
        ("a changed byte", changed),
    ] {
        fs::write(folder.file(), &bytes).unwrap();
        let error = Database::open(&folder.file()).expect_err(name).to_string();
        println!("{name}: {error}");
        assert!(error.contains("damaged") && error.ends_with("it was left as it is"), "{name}: {error}");
        assert!(fs::read(folder.file()).unwrap() == bytes, "{name}: it was changed");
    }
    fs::write(folder.file(), &good).unwrap();
    Database::open(&folder.file()).unwrap();
}

#[test]
fn a_format_of_the_future_is_refused_by_its_number() {
    let folder = Folder::new("future");
    let database = Database::open(&folder.file()).unwrap();
    database
        .write(|transaction| {
            transaction.open_table(META)?.insert("format", 2)?;
            Ok(())
        })
        .unwrap();
    drop(database);
    let before = fs::read(folder.file()).unwrap();
    let error = Database::open(&folder.file()).unwrap_err().to_string();
    assert_eq!(error, "is of format 2, and this program knows 1 only; it was left as it is");
    assert!(fs::read(folder.file()).unwrap() == before);
}
