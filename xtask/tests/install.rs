//! What `cargo xtask install` builds, and what it does if that fails. A script stands in for cargo, so that nothing is
//! compiled here; the tests of the package `aclk` install the program itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Builds a program that says what it is, unless the link is wanted and cannot be built.
const CARGO: &str = r#"#!/bin/sh
here=$(dirname "$0")
case "$1" in
metadata) echo "{\"target_directory\":\"$here/target\",\"version\":1}" ;;
build)
    echo "$*" >> "$here/calls"
    case "$*" in
    *"--features link"*)
        if [ -e "$here/broken" ]; then
            echo "error[E0432]: unresolved import" >&2
            exit 101
        fi ;;
    esac
    target=${*##*--target }
    mkdir -p "$here/target/$target/dist"
    echo "$*" > "$here/target/$target/dist/aclk" ;;
esac
"#;

/// A folder with a cargo in it.
struct Bench(PathBuf);

impl Bench {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("aclk-xtask-{}-{name}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("cargo"), CARGO).unwrap();
        fs::set_permissions(folder.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// From now on the link cannot be built.
    fn with_broken_link(self) -> Self {
        fs::write(self.0.join("broken"), "").unwrap();
        self
    }

    fn install(&self, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aclk-xtask"));
        command.args(["install", "--target=here", "--prefix=/usr", "--destdir"]).arg(self.0.join("system")).args(more);
        command.env("CARGO", self.0.join("cargo")).env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"));
        command.output().unwrap()
    }

    /// What cargo was told to build to make the installed program, if there is one.
    fn installed(&self) -> Option<String> {
        fs::read_to_string(self.0.join("system/usr/bin/aclk")).ok()
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.0.join("calls")).unwrap_or_default().lines().count()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(Path::new(&self.0));
    }
}

const WITH: &str = "build --package aclk --profile dist --no-default-features --features link --target here\n";
const WITHOUT: &str = "build --package aclk --profile dist --no-default-features --target here\n";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_is_installed_can_be_claimed_unless_that_is_not_wanted() {
    let bench = Bench::new("wanted");
    assert!(bench.install(&["--require-cloud"]).status.success());
    assert_eq!(bench.installed().as_deref(), Some(WITH));
    // Ours was written by a script, and is not known as ours.
    fs::remove_dir_all(bench.0.join("system")).unwrap();
    let output = bench.install(&["--disable-cloud"]);
    assert!(output.status.success());
    assert_eq!((bench.installed().as_deref(), bench.calls()), (Some(WITHOUT), 2));
    assert!(
        said(&output).ends_with("installed: /usr/bin/aclk, WITHOUT CLOUD: it cannot be claimed, and holds no link\n")
    );
}

#[test]
fn an_installation_goes_on_without_a_link_that_cannot_be_built_and_says_so() {
    let bench = Bench::new("goes-on").with_broken_link();
    let output = bench.install(&[]);
    assert!(output.status.success());
    assert_eq!(bench.installed().as_deref(), Some(WITHOUT));
    let said = said(&output);
    for words in ["error[E0432]: unresolved import", "WARNING: Cloud features failed to build", "WITHOUT CLOUD"] {
        assert!(said.contains(words), "no {words} in {said}");
    }
}

#[test]
fn an_installation_that_requires_the_link_fails_with_the_words_of_the_compiler() {
    let bench = Bench::new("requires").with_broken_link();
    let output = bench.install(&["--require-cloud"]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("error[E0432]: unresolved import") && said.contains("--require-cloud was given"), "{said}");
    assert_eq!((bench.installed(), bench.calls()), (None, 1));
    assert!(!bench.0.join("system").exists(), "nothing was installed");
}
