//! The container image, as the documentation uses it. `cargo xtask test container` makes the image and runs these.

use crate::support::*;
use aclk_cloud::NodeState;
use aclk_cloud::server::{Handle, Running};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The image and how podman is called here, if the gate says so.
struct Podman {
    image: String,
    /// A shell function with the name that the documentation has. Containers reach the emulated Cloud on loopback.
    docker: String,
}

impl Podman {
    fn find() -> Option<Self> {
        let (Ok(image), Ok(line)) = (std::env::var("ACLK_IMAGE"), std::env::var("ACLK_PODMAN")) else {
            println!("skipped: the image is made by `cargo xtask test container`");
            return None;
        };
        let docker = format!(
            "docker() {{ c=$1; shift; [ $c = run ] && set -- --network=host \"$@\"; podman {line} $c \"$@\"; }}\n"
        );
        Some(Self { image, docker })
    }

    /// Runs lines of a shell in which `docker` is podman and `IMAGE` the image.
    fn shell(&self, lines: &str) -> Ended {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("IMAGE={}\n{}{lines}", self.image, self.docker));
        run(command)
    }

    fn container<'p>(&'p self, name: &'p str) -> Container<'p> {
        Container { podman: self, name }
    }
}

/// Removed when dropped.
struct Container<'p> {
    podman: &'p Podman,
    name: &'p str,
}

impl Container<'_> {
    fn wait_for(&self, text: &str) -> String {
        let mut said = String::new();
        wait_until(text, || {
            let ended = self.podman.shell(&format!("docker logs {} 2>&1", self.name));
            said = ended.stdout;
            said.contains(text)
        });
        said
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        self.podman.shell(&format!("docker rm --force --time 5 {}", self.name));
    }
}

/// Volumes of a container, on this machine.
struct Volumes {
    machine: Machine,
}

impl Volumes {
    fn trusting(cloud: &Handle) -> Self {
        let machine = Machine::new();
        fs::write(machine.file("cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
        fs::create_dir_all(machine.root().join("lib")).unwrap();
        Self { machine }
    }

    fn options(&self) -> String {
        let root = self.machine.root().display();
        format!("-v {root}/etc:/etc/netdata -v {root}/lib:/var/lib/netdata")
    }

    fn file(&self, path: &str) -> PathBuf {
        self.machine.root().join(path)
    }
}

struct Place {
    cloud: Running,
    token: String,
    rooms: String,
    url: String,
}

impl Place {
    fn new() -> Self {
        let cloud = cloud("");
        let (token, rooms) = cloud.with(|cloud, _| {
            let rooms: Vec<String> = cloud.rooms().iter().map(|room| room.id.clone()).collect();
            (cloud.token().to_owned(), rooms.join(","))
        });
        let url = cloud.url().to_owned();
        Self { cloud, token, rooms, url }
    }

    fn is_online(&self) -> bool {
        self.cloud.with(|cloud, _| cloud.view()).nodes.iter().any(|node| node.state == NodeState::Online)
    }
}

#[test]
fn a_container_is_created_and_claimed_in_one_line_as_documented() {
    let Some(podman) = Podman::find() else { return };
    let place = Place::new();
    let volumes = Volumes::trusting(&place.cloud);
    let container = podman.container("netdata");
    let Place { token, rooms, url, .. } = &place;
    let created = podman.shell(&format!(
        r#"docker run -d --name=netdata \
-p 19999:19999 \
-v /etc/passwd:/host/etc/passwd:ro \
-v /etc/group:/host/etc/group:ro \
-v /proc:/host/proc:ro \
-v /sys:/host/sys:ro \
-v /etc/os-release:/host/etc/os-release:ro \
{} \
--cap-add SYS_PTRACE \
--security-opt apparmor=unconfined \
$IMAGE \
/usr/sbin/netdata -D -W set global "netdata cloud" enable -W set cloud "cloud base url" "{url}" -W "claim -token={token} -rooms={rooms} -url={url}""#,
        volumes.options()
    ));
    assert_eq!(created.code, 0, "{created:?}");
    container.wait_for("ACLK: live as");
    assert!(place.is_online());
    let found = podman.shell("docker logs netdata 2>&1 | grep -E --line-buffered 'ACLK|claim|cloud'");
    assert!(found.stdout.contains("ACLK: online as") && !found.stdout.contains(token.as_str()), "{found:?}");
    // The daemon is not root any more, and neither are its files.
    assert!(found.stdout.contains("runs as the user netdata"), "{found:?}");
    use std::os::unix::fs::MetadataExt;
    assert_eq!(fs::metadata(volumes.file("etc/claim.d/private.pem")).unwrap().uid(), 201);
    let healthy = podman.shell("docker exec netdata netdatacli ping");
    assert_eq!((healthy.code, healthy.stdout.as_str()), (0, "pong\n"), "{healthy:?}");
    let stopped =
        podman.shell("docker stop --time 30 netdata && docker inspect --format '{{.State.ExitCode}}' netdata");
    assert!(stopped.stdout.ends_with("\n0\n"), "SIGTERM ended it in order: {stopped:?}");
    assert_eq!(place.cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn a_running_container_is_claimed_by_the_script_and_its_identity_survives_it() {
    let Some(podman) = Podman::find() else { return };
    let place = Place::new();
    let volumes = Volumes::trusting(&place.cloud);
    let Place { token, rooms, url, .. } = &place;
    let first = podman.container("netdata-exec");
    let created = podman.shell(&format!("docker run -d --name=netdata-exec {} $IMAGE", volumes.options()));
    assert_eq!(created.code, 0, "{created:?}");
    first.wait_for("not claimed; waiting");
    let claimed = podman
        .shell(&format!("docker exec -it netdata-exec netdata-claim.sh -token={token} -rooms={rooms} -url={url}"));
    let said = format!("{}{}", claimed.stdout, claimed.stderr);
    assert!(claimed.code == 0 && said.contains("Agent was successfully claimed."), "{claimed:?}");
    first.wait_for("ACLK: live as");
    drop(first);
    wait_until("it is gone", || !place.is_online());

    let second = podman.container("netdata-again");
    let created = podman.shell(&format!("docker run -d --name=netdata-again {} $IMAGE", volumes.options()));
    assert_eq!(created.code, 0, "{created:?}");
    let said = second.wait_for("ACLK: live as");
    assert!(!said.contains("warning: "), "another container on the same machine is no clone: {said}");
    assert_eq!(place.cloud.with(|cloud, _| cloud.view()).nodes.len(), 1, "it is the same node");
}

#[test]
fn a_container_is_claimed_by_its_environment() {
    let Some(podman) = Podman::find() else { return };
    let place = Place::new();
    let volumes = Volumes::trusting(&place.cloud);
    let Place { token, rooms, url, .. } = &place;
    let container = podman.container("netdata-env");
    let created = podman.shell(&format!(
        "docker run -d --name=netdata-env {} -e NETDATA_CLAIM_TOKEN={token} -e NETDATA_CLAIM_ROOMS={rooms} \
         -e NETDATA_CLAIM_URL={url} $IMAGE",
        volumes.options()
    ));
    assert_eq!(created.code, 0, "{created:?}");
    let said = container.wait_for("ACLK: live as");
    assert!(!said.contains(token.as_str()), "{said}");
}

#[test]
fn the_image_has_nothing_but_the_program_and_whom_it_trusts() {
    let Some(podman) = Podman::find() else { return };
    let version = podman.shell("docker run --rm $IMAGE netdata -v");
    assert!(version.code == 0 && version.stdout.contains("netdata v"), "{version:?}");
    let shell = podman.shell("docker run --rm $IMAGE sh -c true");
    assert_ne!(shell.code, 0, "there is a shell");
    // It trusts authorities without anybody's file: a Cloud of nobody's is a stranger, and not nobody trusted.
    let place = Place::new();
    let container = podman.container("netdata-stranger");
    let created = podman.shell(&format!(
        "docker run -d --name=netdata-stranger -e NETDATA_CLAIM_TOKEN={} -e NETDATA_CLAIM_URL={} $IMAGE",
        place.token, place.url
    ));
    assert_eq!(created.code, 0, "{created:?}");
    let said = container.wait_for("tls: ");
    assert!(!said.contains("nobody is trusted") && said.contains("certificate"), "{said}");
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Containerfile").is_file());
}
