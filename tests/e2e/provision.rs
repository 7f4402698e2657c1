//! `aclk provision`: the images are what the firmware reads, nobody else may, and nothing is written over.

use crate::support::*;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::store::{Saved, Store};
use aclk_firmware::Product;
use aclk_firmware::flash::{AnchorMemory, FlashStore};
use embassy_futures::block_on;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use rand_core::SeedableRng;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const GUID: &str = "11111111-2222-4333-8444-555555555555";
const KEY: &str = include_str!("../pair/fixtures/private.pem");

/// The flash of a device, with an image in it.
struct Flash<const WORD: usize>(Vec<u8>);

impl<const WORD: usize> ErrorType for Flash<WORD> {
    type Error = NorFlashErrorKind;
}

impl<const WORD: usize> ReadNorFlash for Flash<WORD> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let offset = offset as usize;
        bytes.copy_from_slice(&self.0[offset..offset + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl<const WORD: usize> NorFlash for Flash<WORD> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = 4096;

    async fn erase(&mut self, _: u32, _: u32) -> Result<(), NorFlashErrorKind> {
        panic!("a provisioned flash needs no erase")
    }

    async fn write(&mut self, _: u32, _: &[u8]) -> Result<(), NorFlashErrorKind> {
        panic!("a provisioned flash needs no write")
    }
}

/// What the firmware makes of the image in `path`: GUID, host name, token, rooms, URL and proxy; the private key; how many
/// trust anchors.
fn loaded<const WORD: usize>(path: &Path) -> (Vec<String>, Option<String>, usize) {
    let image = fs::read(path).unwrap();
    let end = image.len() as u32;
    let mut store = FlashStore::new(Flash::<WORD>(image), 0..end).unwrap();
    assert_eq!(block_on(store.load()).unwrap().pending, None);
    let product = Product::new("product", 0).unwrap();
    let mut rng = chacha20::ChaCha20Rng::from_seed([1; 32]);
    let settings = block_on(store.settings(&product.settings(), &mut rng)).unwrap();
    let key = block_on(store.load_key()).unwrap().map(|pem| pem.expose_str().to_owned());
    let mut memory = AnchorMemory::new();
    let anchors = block_on(store.anchors(&mut memory)).unwrap().map_or(0, |list| list.0.len());
    let proxy = settings.proxy.map(|proxy| proxy.to_string()).unwrap_or_default();
    let texts = [
        settings.machine_guid.to_string(),
        settings.hostname.to_string(),
        settings.token.expose_str().to_owned(),
        settings.rooms.to_string(),
        settings.url.to_string(),
        proxy,
    ];
    (texts.to_vec(), key, anchors)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A machine with a table, and where its images go.
fn with_table(table: &str) -> (Machine, String, PathBuf) {
    let machine = Machine::new();
    let path = machine.root().join("devices.csv");
    fs::write(&path, table).unwrap();
    fs::write(machine.root().join("key.pem"), KEY).unwrap();
    let certificate = rcgen::generate_simple_self_signed(["cloud.example".to_owned()]).unwrap().cert.pem();
    fs::write(machine.root().join("one.pem"), &certificate).unwrap();
    fs::write(machine.root().join("two.pem"), format!("{certificate}{certificate}")).unwrap();
    let images = machine.root().join("images");
    (machine, format!("--csv={}", path.display()), images)
}

fn provision(machine: &Machine, table: &str, images: &Path, rest: &[String]) -> Ended {
    let out = format!("--out={}", images.display());
    let mut arguments = vec!["provision", table, &out];
    arguments.extend(rest.iter().map(String::as_str));
    machine.run(&arguments)
}

#[test]
fn each_line_becomes_an_image_that_the_firmware_reads() {
    let (machine, table, images) = with_table(&format!(
        "hostname,token,rooms,url,key,guid,anchors,proxy\n\
         pump-1,secret-token-1,\"room-1, room-2\",https://cloud.example:8443,key.pem,{GUID},two.pem,\n\
         pump-2,secret-token-2,,,generate,,,http://user:secret-word@proxy.example\n\
         pump-3,,,,,,,\n"
    ));
    let anchors = format!("--anchors={}", machine.root().join("one.pem").display());
    let ended = provision(&machine, &table, &images, &[anchors]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert!(!ended.stdout.contains("secret"), "{ended:?}");
    let lines: Vec<_> = ended.stdout.lines().collect();
    let [first, second, third] = ["pump-1", "pump-2", "pump-3"].map(|name| images.join(format!("{name}.bin")));
    assert_eq!(lines[0], format!("{} {GUID} key: given", first.display()));
    assert!(lines[1].ends_with(" key: generated") && lines[2].ends_with(" key: made by the device"), "{lines:?}");

    assert_eq!(saved(&first), Saved::default());
    let (texts, key, anchors) = loaded::<4>(&first);
    let rooms = "room-1,room-2";
    assert_eq!(texts, [GUID, "pump-1", "secret-token-1", rooms, "https://cloud.example:8443", ""]);
    let given = |pem: &str| {
        let mut key = SoftwareKey::new();
        key.import_pem(pem.as_bytes()).unwrap();
        key.public_pem().unwrap()
    };
    assert_eq!((given(&key.unwrap()), anchors), (given(KEY), 2));

    let (texts, key, anchors) = loaded::<4>(&second);
    assert_eq!(&texts[1..5], ["pump-2", "secret-token-2", "", "https://app.netdata.cloud"]);
    assert_eq!(texts[5], "http://proxy.example:8080 (with credentials)");
    assert_ne!(given(&key.unwrap()), given(KEY));
    assert_eq!(anchors, 1, "those of the command");
    let (texts, key, _) = loaded::<4>(&third);
    assert_eq!((&texts[1..3], key), (&["pump-3".to_owned(), String::new()][..], None));
    let guid = Guid::parse(&texts[0]).unwrap().to_string();
    assert!(lines[2].contains(&guid), "what is on the label is what is in the flash");

    assert_eq!((mode(&images), mode(&first), fs::metadata(&first).unwrap().len()), (0o700, 0o600, 4 * 4096));
    assert_eq!(fs::read_dir(&images).unwrap().count(), 3, "nothing else is left");
}

/// What has become of the device, as the firmware reads it from the image in `path`.
fn saved(path: &Path) -> Saved {
    let image = fs::read(path).unwrap();
    let end = image.len() as u32;
    block_on(FlashStore::new(Flash::<4>(image), 0..end).unwrap().load()).unwrap()
}

#[test]
fn a_device_that_is_claimed_already_has_its_claim_and_no_token() {
    let id = "99999999-2222-4333-8444-555555555555";
    let (machine, table, images) = with_table(&format!(
        "hostname,url,key,guid,claimed\n\
         pump-1,https://cloud.example:8443,key.pem,{GUID},{id}\n\
         pump-2,,key.pem,,\n"
    ));
    let ended = provision(&machine, &table, &images, &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let first = images.join("pump-1.bin");
    let claim = saved(&first).claimed.unwrap();
    assert_eq!((claim.id.to_string(), claim.url.as_str()), (id.to_owned(), "https://cloud.example:8443"));
    let (texts, key, _) = loaded::<4>(&first);
    assert_eq!((texts[0].as_str(), texts[2].as_str(), key.is_some()), (GUID, "", true));
    assert_eq!(saved(&images.join("pump-2.bin")), Saved::default());

    let (machine, table, images) = with_table(&format!(
        "hostname,token,url,key,claimed\n\
         a,secret-token,https://cloud.example,key.pem,{id}\n\
         b,,https://cloud.example,generate,{id}\n\
         c,,,key.pem,{id}\n\
         d,,https://cloud.example,key.pem,not-a-guid\n"
    ));
    let ended = provision(&machine, &table, &images, &[]);
    assert_eq!(ended.code, 1, "{ended:?}");
    for line in [
        "line 2: it is claimed already, and there are a token or rooms",
        "line 3: it is claimed already, and the key that it was claimed with is missing",
        "line 4: it is claimed already, and the url of its Cloud is missing",
        "line 5: the claimed id: ",
    ] {
        assert!(ended.stderr.contains(line), "{line} is not in {}", ended.stderr);
    }
}

#[test]
fn the_geometry_is_that_of_the_device() {
    let (machine, table, images) = with_table("hostname,token\npump,secret-token\n");
    let ended = provision(&machine, &table, &images, &["--pages=6".to_owned(), "--word-size=32".to_owned()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let image = images.join("pump.bin");
    assert_eq!((fs::metadata(&image).unwrap().len(), loaded::<32>(&image).0[2].as_str()), (6 * 4096, "secret-token"));
    for (rest, cause) in [
        (&["--pages=2"][..], "--pages is not a number from 3 to 64"),
        (&["--pages=four"], "--pages is not a number"),
        (&["--page-size=5000"], "--page-size and --word-size are none of"),
    ] {
        let rest: Vec<_> = rest.iter().map(|option| (*option).to_owned()).collect();
        let ended = provision(&machine, &table, &images, &rest);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.contains(cause), "{ended:?}");
    }
}

#[test]
fn nothing_is_written_over_unless_it_is_forced() {
    let (machine, table, images) = with_table("hostname,key\npump,generate\n");
    assert_eq!(provision(&machine, &table, &images, &[]).code, 0);
    let image = fs::read(images.join("pump.bin")).unwrap();
    let ended = provision(&machine, &table, &images, &[]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("pump.bin is there already: nothing was written over"), "{ended:?}");
    assert_eq!(fs::read(images.join("pump.bin")).unwrap(), image);
    // One of two is there: the other one is not made either.
    let (other, both, _) = with_table("hostname\nanother\npump\n");
    assert_eq!(provision(&other, &both, &images, &[]).code, 2);
    assert!(!images.join("another.bin").exists());
    fs::set_permissions(images.join("pump.bin"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(provision(&machine, &table, &images, &["--force".to_owned()]).code, 0);
    assert_ne!(fs::read(images.join("pump.bin")).unwrap(), image);
    assert_eq!(mode(&images.join("pump.bin")), 0o600);
}

#[test]
fn lines_that_are_wrong_are_named_without_their_secrets_and_nothing_is_written() {
    let long = "t".repeat(513);
    let (machine, table, images) = with_table(&format!(
        "hostname,token,url,guid,key,proxy,anchors\n\
         good,secret-token,,,,,\n\
         ,secret-token,,,,,\n\
         ../up,secret-token,,,,,\n\
         a,{long},,,,,\n\
         b,secret-token,http://c.example,,,,\n\
         c,secret-token,,not-a-guid,,,\n\
         d,secret-token,,,nowhere.pem,,\n\
         e,secret-token,,,one.pem,,\n\
         f,secret-token,,,,secret-word@proxy,\n\
         g,secret-token,,,,,key.pem\n\
         GOOD,secret-token,,,,,\n\
         h,,https://c.example,,,,\n\
         i,secret-token\n"
    ));
    // A cell too few stops before the rest.
    let ended = provision(&machine, &table, &images, &[]);
    assert!(ended.stderr.contains("line 14: 2 cells, and the first line has 7"), "{ended:?}");
    let path = machine.root().join("devices.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.strip_suffix("i,secret-token\n").unwrap()).unwrap();
    let ended = provision(&machine, &table, &images, &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:?}");
    for line in [
        "line 3: there is no hostname",
        "line 4: the hostname is not made of letters",
        "line 5: the token is longer than 512 bytes",
        "line 6: the url: ",
        "line 7: the guid: a GUID has 36 characters",
        "line 8: ",
        "line 9: the key: not a private key in PEM form",
        "line 10: the proxy: ",
        "line 11: the anchors: there is no certificate in the file",
        "line 12: the hostname is there twice",
        "line 13: there are rooms or a url, and no token",
    ] {
        assert!(ended.stderr.contains(line), "{line} is not in {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("line 2:") && !ended.stderr.contains("secret"), "{}", ended.stderr);
    assert!(!images.exists());
}
