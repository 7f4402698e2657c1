//! Certificate chains made by OpenSSL's own tool: an authority, an intermediate one, and a server called localhost.

use super::program;
use std::fs;
use std::path::{Path, PathBuf};

/// Whose keys are of which kind, in the words of `openssl genpkey`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds {
    pub(crate) name: &'static str,
    root: &'static str,
    intermediate: &'static str,
    leaf: &'static str,
}

const P256: &str = "EC ec_paramgen_curve:P-256";
const P384: &str = "EC ec_paramgen_curve:P-384";
const RSA_2048: &str = "RSA rsa_keygen_bits:2048";
const RSA_3072: &str = "RSA rsa_keygen_bits:3072";
const RSA_4096: &str = "RSA rsa_keygen_bits:4096";

pub(crate) const ALL: [Kinds; 6] = [
    Kinds { name: "P-256", root: P256, intermediate: P256, leaf: P256 },
    Kinds { name: "P-384", root: P384, intermediate: P384, leaf: P384 },
    Kinds { name: "RSA-2048", root: RSA_2048, intermediate: RSA_2048, leaf: RSA_2048 },
    Kinds { name: "RSA-3072", root: RSA_3072, intermediate: RSA_3072, leaf: RSA_3072 },
    Kinds { name: "RSA-4096", root: RSA_2048, intermediate: RSA_2048, leaf: RSA_4096 },
    // As public authorities do it.
    Kinds { name: "RSA, P-384, P-256", root: RSA_3072, intermediate: P384, leaf: P256 },
];

/// The files of a chain.
pub(crate) struct Chain {
    directory: PathBuf,
}

impl Chain {
    /// Makes a chain in a new directory at `directory`.
    pub(crate) fn make(directory: PathBuf, kinds: Kinds) -> Self {
        fs::create_dir(&directory).unwrap();
        let chain = Self { directory };
        let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
        let server = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
                      extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n";
        chain.certificate("root", kinds.root, None, authority);
        chain.certificate("intermediate", kinds.intermediate, Some("root"), authority);
        chain.certificate("leaf", kinds.leaf, Some("intermediate"), server);
        let both = [chain.leaf(), chain.intermediate()].map(|path| fs::read_to_string(path).unwrap()).concat();
        fs::write(chain.full(), both).unwrap();
        chain
    }

    /// The certificate of the authority.
    pub(crate) fn root_pem(&self) -> String {
        fs::read_to_string(self.file("root.pem")).unwrap()
    }

    pub(crate) fn leaf(&self) -> PathBuf {
        self.file("leaf.pem")
    }

    pub(crate) fn intermediate(&self) -> PathBuf {
        self.file("intermediate.pem")
    }

    /// What a server shows: its own certificate and the intermediate one.
    pub(crate) fn full(&self) -> PathBuf {
        self.file("chain.pem")
    }

    /// The private key of the server.
    pub(crate) fn key(&self) -> PathBuf {
        self.file("leaf.key")
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn certificate(&self, name: &str, kind: &str, issuer: Option<&str>, extensions: &str) {
        let (algorithm, option) = kind.split_once(' ').unwrap();
        self.openssl(&format!("genpkey -algorithm {algorithm} -pkeyopt {option} -out {name}.key"));
        fs::write(self.file("extensions"), extensions).unwrap();
        self.openssl(&format!("req -new -key {name}.key -subj /CN=aclk-{name} -out {name}.csr"));
        let signer = match issuer {
            Some(issuer) => format!("-CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial"),
            None => format!("-signkey {name}.key"),
        };
        self.openssl(&format!("x509 -req -in {name}.csr {signer} -days 2 -sha384 -extfile extensions -out {name}.pem"));
    }

    fn openssl(&self, arguments: &str) {
        let mut openssl = program("openssl");
        openssl.args(arguments.split(' ')).current_dir(&self.directory);
        let output = openssl.output().unwrap();
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
