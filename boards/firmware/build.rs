//! Takes the trust anchors of the firmware from certificates: those named in [`NAMES`], or all of the PEM file that the
//! environment variable `ACLK_ANCHORS` names.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::env;
use std::fs;
use std::path::Path;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// Who signs for Netdata Cloud today, and who its neighbours are: Let's Encrypt, Google Trust Services.
const NAMES: [&str; 5] = ["ISRG Root X1", "ISRG Root X2", "GTS Root R1", "GTS Root R3", "GTS Root R4"];

const FILE: &str = "ACLK_ANCHORS";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={FILE}");
    match generate() {
        Ok(code) => {
            let path = Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("anchors.rs");
            if let Err(error) = fs::write(&path, code) {
                println!("cargo::error={}: {error}", path.display());
            }
        }
        Err(error) => println!("cargo::error=trust anchors: {error}"),
    }
}

fn generate() -> Result<String, String> {
    let certificates = match env::var_os(FILE) {
        Some(path) => read(Path::new(&path))?,
        None => TLS_SERVER_ROOT_CERTS.to_vec(),
    };
    let chooses = env::var_os(FILE).is_none();
    let mut roots = Vec::new();
    for der in &certificates {
        let root = Root::read(der).ok_or_else(|| format!("{FILE}: not an X.509 certificate"))?;
        if !chooses || NAMES.contains(&root.name.as_str()) {
            roots.push(root);
        }
    }
    if chooses {
        if let Some(missing) = NAMES.iter().find(|name| roots.iter().filter(|root| root.name == **name).count() != 1) {
            return Err(format!("{missing} is not in the list of roots once"));
        }
        roots.sort_by_key(|root| NAMES.iter().position(|name| root.name == *name));
    }
    let (mut anchors, mut list) = (String::new(), String::new());
    for Root { name, expires, subject, key } in roots {
        let (subject, key) = (format!("Der::from_slice(&{subject:?})"), format!("Der::from_slice(&{key:?})"));
        let rest = "name_constraints: None";
        let anchor = format!("TrustAnchor {{ subject: {subject}, subject_public_key_info: {key}, {rest} }},");
        anchors.push_str(&anchor);
        list.push_str(&format!("Root {{ name: {name:?}, expires: {expires:?} }},"));
    }
    Ok(format!(
        "/// Their names and keys.\npub const ANCHORS: &[TrustAnchor<'static>] = &[{anchors}];\n\
         /// What people know of them, in the same order.\npub const ROOTS: &[Root] = &[{list}];\n"
    ))
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    println!("cargo::rerun-if-changed={}", path.display());
    let at = |error: &dyn std::fmt::Display| format!("{FILE}: {}: {error}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| at(&error))?;
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(|error| at(&error))?;
    if certificates.is_empty() { Err(at(&"there is no certificate in it")) } else { Ok(certificates) }
}

/// What is kept of a certificate.
struct Root<'c> {
    /// The last part of its subject: the common name.
    name: String,
    /// Its last day, as in 2035-06-04.
    expires: String,
    /// Content of the subject.
    subject: &'c [u8],
    /// Content of the public key.
    key: &'c [u8],
}

impl<'c> Root<'c> {
    /// Reads a certificate (RFC 5280 4.1) that somebody is trusted to have checked.
    fn read(der: &'c [u8]) -> Option<Self> {
        let (_, certificate, _) = element(der)?;
        let (_, mut rest, _) = element(certificate)?;
        // The version is explicit, and there only if it is not 1; behind it are serial number, algorithm and issuer.
        if let (0xa0, _, after) = element(rest)? {
            rest = after;
        }
        for _ in 0..3 {
            (_, _, rest) = element(rest)?;
        }
        let (_, validity, rest) = element(rest)?;
        let (_, subject, rest) = element(rest)?;
        let (_, key, _) = element(rest)?;
        let (_, _, not_after) = element(validity)?;
        Some(Self { name: name(subject)?, expires: day(not_after)?, subject, key })
    }
}

/// The text that ends the last of the names.
fn name(subject: &[u8]) -> Option<String> {
    let mut rest = subject;
    let mut last = None;
    while !rest.is_empty() {
        let (_, set, after) = element(rest)?;
        let (_, attribute, _) = element(set)?;
        let (_, _, value) = element(attribute)?;
        last = Some(element(value)?.1);
        rest = after;
    }
    String::from_utf8(last?.to_vec()).ok()
}

/// `YYMMDD…` (tag 23; 50 and above are of the last century) or `YYYYMMDD…`, as YYYY-MM-DD.
fn day(time: &[u8]) -> Option<String> {
    let (tag, text, _) = element(time)?;
    let text = std::str::from_utf8(text).ok()?;
    let full = match tag {
        0x17 if text >= "50" => format!("19{text}"),
        0x17 => format!("20{text}"),
        _ => text.to_owned(),
    };
    Some(format!("{}-{}-{}", full.get(..4)?, full.get(4..6)?, full.get(6..8)?))
}

/// Tag and content of the first element of DER, and what is behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..0x80 => (usize::from(*first), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().try_fold(0_usize, |len, byte| len.checked_mul(256)?.checked_add((*byte).into()))?, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((*tag, content, rest))
}
