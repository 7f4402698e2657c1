//! The software key against OpenSSL: what it writes we read, what we write it reads, what it encrypts we decrypt.

use aclk_core::identity::key::{Key, KeyError};
use aclk_core::identity::pem::JsonEscaped;
use aclk_core::identity::software::SoftwareKey;
use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// Runs `openssl` with the words of `arguments` and `input` on its standard input.
fn run(arguments: &str, input: &[u8]) -> Output {
    let mut child = Command::new("openssl")
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("these tests need the `openssl` command");
    child.stdin.take().expect("a pipe").write_all(input).expect("openssl reads its input");
    child.wait_with_output().expect("openssl ends")
}

fn openssl(arguments: &str, input: &[u8]) -> Vec<u8> {
    let output = run(arguments, input);
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A private key of OpenSSL, the same for all tests.
fn pkcs8() -> &'static [u8] {
    static PEM: OnceLock<Vec<u8>> = OnceLock::new();
    PEM.get_or_init(|| openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", b""))
}

fn imported(pem: &[u8]) -> Result<SoftwareKey, KeyError> {
    let mut key = SoftwareKey::new();
    key.import_pem(pem).map(|()| key)
}

fn generated() -> SoftwareKey {
    let mut key = SoftwareKey::new();
    let mut rng = ChaCha20Rng::from_seed([42; 32]);
    while !key.generate_step(&mut rng).expect("a sound generator").done {}
    key
}

/// A file with `content`, for the arguments of `openssl` that cannot come on standard input too.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("the test directory is writable");
    path
}

fn encrypt(public: &Path, options: &str, plaintext: &[u8]) -> Output {
    let arguments = format!("pkeyutl -encrypt -pubin -inkey {} -pkeyopt rsa_padding_mode:{options}", public.display());
    run(&arguments, plaintext)
}

#[test]
fn the_public_key_is_byte_for_byte_that_of_openssl() {
    let key = imported(pkcs8()).unwrap();
    let public = openssl("pkey -pubout", pkcs8());
    assert_eq!(key.public_pem().unwrap().as_bytes(), public);
    assert_eq!(public.len(), 451);
    // As the claiming script of the original puts it into its request.
    let escaped = JsonEscaped(&key.public_pem().unwrap()).to_string();
    let body = format!("{{\"publicKey\" : \"{escaped}\"}}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["publicKey"].as_str().unwrap().as_bytes(), public);
}

#[test]
fn both_forms_openssl_writes_are_read() {
    let pkcs1 = openssl("rsa -traditional", pkcs8());
    assert!(pkcs1.starts_with(b"-----BEGIN RSA PRIVATE KEY-----\n"));
    let key = imported(&pkcs1).unwrap();
    // And what we write is what OpenSSL would.
    assert_eq!(key.private_pem().unwrap().expose(), pkcs8());
    assert_eq!(imported(pkcs8()).unwrap().private_pem().unwrap().expose(), pkcs8());

    let with_text = openssl("rsa -text", pkcs8());
    assert!(with_text.starts_with(b"Private-Key: (2048 bit"));
    assert_eq!(imported(&with_text).unwrap().private_pem().unwrap().expose(), pkcs8());

    let with_attributes =
        [&b"Bag Attributes\n    friendlyName: node\nKey Attributes: <No Attributes>\n"[..], pkcs8()].concat();
    assert!(imported(&with_attributes).is_ok());

    let with_certificate =
        [openssl("req -x509 -new -key /dev/stdin -subj /CN=node", pkcs8()), pkcs8().to_vec()].concat();
    assert!(with_certificate.starts_with(b"-----BEGIN CERTIFICATE-----"));
    assert!(imported(&with_certificate).is_ok());
}

#[test]
fn openssl_finds_nothing_wrong_with_a_generated_key() {
    let key = generated();
    let private = key.private_pem().unwrap();
    let verdict = openssl("rsa -check -noout", private.expose());
    assert_eq!(String::from_utf8_lossy(&verdict).trim(), "RSA key ok");
    assert_eq!(openssl("pkey", private.expose()), private.expose());
    assert_eq!(openssl("pkey -pubout", private.expose()), key.public_pem().unwrap().as_bytes());
    let text = String::from_utf8(openssl("pkey -noout -text", private.expose())).unwrap();
    assert!(text.contains("(2048 bit, 2 primes)") && text.contains("publicExponent: 65537 (0x10001)"), "{text}");
}

#[test]
fn a_challenge_encrypted_by_openssl_is_decrypted() {
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    for (name, key) in [("imported", imported(pkcs8()).unwrap()), ("generated", generated())] {
        let public = file(&format!("{name}.pem"), key.public_pem().unwrap().as_bytes());
        for len in [1, 32, 213, 214] {
            let challenge = vec![b'c'; len];
            let output = encrypt(&public, "oaep -pkeyopt rsa_oaep_md:sha1", &challenge);
            assert!(output.status.success());
            let plaintext = key.decrypt(output.stdout[..].try_into().unwrap(), &mut rng).unwrap();
            assert_eq!(plaintext.expose(), challenge);
        }
        // The largest that OpenSSL encrypts is the largest we have room for.
        assert!(!encrypt(&public, "oaep -pkeyopt rsa_oaep_md:sha1", &[0; 215]).status.success());
        for other in
            ["oaep -pkeyopt rsa_oaep_md:sha256", "oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha256", "pkcs1"]
        {
            let output = encrypt(&public, other, b"challenge");
            assert!(output.status.success(), "{other}");
            let refused = key.decrypt(output.stdout[..].try_into().unwrap(), &mut rng);
            assert_eq!(refused.err(), Some(KeyError::Decrypt), "{other}");
        }
    }
}

#[test]
fn other_kinds_and_sizes_of_keys_are_named_unsupported() {
    for arguments in [
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2047",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2056",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3",
        "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        "ecparam -name prime256v1 -genkey",
        "genpkey -algorithm ED25519",
        "genrsa -traditional 1024",
        "genrsa -traditional 3072",
        "genrsa -traditional -3 2048",
    ] {
        let pem = openssl(arguments, b"");
        assert_eq!(imported(&pem).err(), Some(KeyError::Unsupported), "{arguments}");
    }
}

#[test]
fn a_key_with_a_passphrase_is_named_encrypted() {
    for arguments in [
        "pkcs8 -topk8 -passout pass:secret",
        "rsa -aes128 -passout pass:secret",
        "rsa -traditional -aes128 -passout pass:secret",
    ] {
        let pem = openssl(arguments, pkcs8());
        assert_eq!(imported(&pem).err(), Some(KeyError::Encrypted), "{arguments}");
    }
}
