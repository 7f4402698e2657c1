//! dante, tinyproxy and squid between us and the Cloud.
//!
//! The Cloud has a name that only the proxy can find: squid in a file of its own, the others in an `/etc/hosts` that nobody
//! but them sees (a mount namespace, for which the test has to be root).

use super::{program, serve};
use crate::proxy::hidden_cloud;
use crate::support::*;
use aclk_cloud::NodeState;
use aclk_cloud::server::Running;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const HOSTS: &str = "127.0.0.1 localhost cloud.test\n";

/// A machine, a Cloud, and a directory with the files of a proxy.
struct Scene {
    machine: Machine,
    cloud: Running,
    port: u16,
}

impl Scene {
    fn new() -> Self {
        let cloud = hidden_cloud();
        let scene = Self { machine: Machine::trusting(&cloud), cloud, port: free_port() };
        // Proxies that are started as root go on as somebody else.
        fs::set_permissions(scene.machine.root(), fs::Permissions::from_mode(0o711)).unwrap();
        fs::create_dir(scene.file("")).unwrap();
        fs::set_permissions(scene.file(""), fs::Permissions::from_mode(0o777)).unwrap();
        scene.write("hosts", HOSTS);
        scene
    }

    fn file(&self, name: &str) -> PathBuf {
        self.machine.root().join("proxy").join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn url(&self, scheme: &str, credentials: &str) -> String {
        format!("-proxy={scheme}://{credentials}127.0.0.1:{}", self.port)
    }

    /// `aclk claim`, with all that it did as JSON.
    fn claim(&self, scheme: &str, credentials: &str) -> Ended {
        self.machine.claim(&self.cloud, &[&self.url(scheme, credentials), "--json"])
    }

    fn state(&self) -> NodeState {
        self.cloud.with(|cloud, _| cloud.view()).nodes[0].state
    }

    /// Claims and links through the proxy, and leaves in order.
    fn assert_claim_and_link(&self, scheme: &str, credentials: &str, proxy: &Daemon) {
        let ended = self.claim(scheme, credentials);
        assert_eq!(ended.code, 0, "{scheme}: {ended:?}\n{}", proxy.said());
        let stages = ended.json()["stages"].as_array().unwrap().clone();
        assert!(stages.iter().any(|stage| stage["stage"] == "proxy"), "{ended:?}");
        let link = self.machine.start(&[]);
        link.wait_for("ACLK: online as", 0);
        assert_eq!(self.state(), NodeState::Online);
        assert!(link.stop().0.success());
        wait_until("the Cloud sees it leave", || self.state() == NodeState::Offline);
        assert!(!events(&self.cloud).iter().any(|event| event.contains("will")), "it left in order");
        assert_eq!(self.cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
    }

    /// The one failure of a claim that only a person can help.
    fn assert_refused(&self, scheme: &str, credentials: &str, cause: &str) {
        let ended = self.claim(scheme, credentials);
        assert_eq!(ended.code, 4, "{ended:?}");
        let failures = ended.json()["failures"].as_array().unwrap().clone();
        assert_eq!((failures.len(), &failures[0]["stage"]), (1, &"proxy".into()), "{ended:?}");
        assert!(failures[0]["cause"].as_str().unwrap().contains(cause), "{ended:?}");
        println!("{scheme} {credentials:16} {} hint: {}", failures[0]["cause"], failures[0]["hint"]);
    }
}

/// `command` with `files` in the place of those in `/etc`, for it alone; `None` where that is not allowed.
fn with_etc(command: &Command, files: &[(&Path, &str)]) -> Option<Command> {
    let mut probe = program("unshare");
    let probe = probe.args(["--mount", "true"]).output();
    if !probe.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: no mount namespace: {probe:?}");
        return None;
    }
    let mounts: String =
        files.iter().map(|(from, to)| format!("mount --bind {} /etc/{to} && ", from.display())).collect();
    let mut inside = program("unshare");
    inside.args(["--mount", "sh", "-c", &format!("{mounts} exec \"$0\" \"$@\"")]).arg(command.get_program());
    inside.args(command.get_args());
    Some(inside)
}

fn tinyproxy(scene: &Scene, more: &str) -> Option<Daemon> {
    let configuration = format!("Port {}\nListen 127.0.0.1\nTimeout 600\nLogLevel Connect\n{more}\n", scene.port);
    let mut tinyproxy = program("tinyproxy");
    tinyproxy.arg("-d").arg("-c").arg(scene.write("tinyproxy.conf", &configuration));
    Some(serve(with_etc(&tinyproxy, &[(&scene.file("hosts"), "hosts")])?, scene.port))
}

#[test]
fn tinyproxy_with_and_without_credentials() {
    if !have(&["tinyproxy", "unshare"]) {
        return;
    }
    let scene = Scene::new();
    let Some(proxy) = tinyproxy(&scene, "") else { return };
    scene.assert_claim_and_link("http", "", &proxy);
    let target = format!("CONNECT cloud.test:{} HTTP/1.1", scene.cloud.address().port());
    assert!(proxy.said().matches(&target).count() >= 5, "{}", proxy.said());

    let scene = Scene::new();
    let Some(proxy) = tinyproxy(&scene, "BasicAuth alice hunter2") else { return };
    scene.assert_refused("http", "", "407 Proxy Authentication Required");
    scene.assert_refused("http", "alice:hunter3@", "401 Unauthorized");
    scene.assert_claim_and_link("http", "alice:hunter%32@", &proxy);
}

/// dante with its children in the foreground; `method` as its configuration has it.
fn dante(scene: &Scene, method: &str) -> Option<Daemon> {
    let configuration = format!(
        "logoutput: stderr
         internal: 127.0.0.1 port = {}
         external: lo
         clientmethod: none
         socksmethod: {method}
         user.privileged: root
         user.unprivileged: nobody
         client pass {{
           from: 127.0.0.0/8 to: 0.0.0.0/0
         }}
         socks block {{
           from: 127.0.0.0/8 to: blocked.test
           log: connect
         }}
         socks pass {{
           from: 127.0.0.0/8 to: 0.0.0.0/0
           command: connect
           log: connect error
         }}",
        scene.port
    );
    let mut dante = program("danted");
    dante.arg("-f").arg(scene.write("dante.conf", &configuration));
    // It asks the system about users.
    let mut openssl = program("openssl");
    let hash = openssl.args(["passwd", "-6", "hunter2"]).output().unwrap().stdout;
    let hash = String::from_utf8(hash).unwrap();
    let users = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\nalice:x:4711:4711::/:/bin/sh\n";
    let users = scene.write("passwd", users);
    let shadow =
        scene.write("shadow", &format!("root:*:1::::::\nnobody:*:1::::::\nalice:{}:20000::::::\n", hash.trim()));
    let etc = [(scene.file("hosts"), "hosts"), (users, "passwd"), (shadow, "shadow")];
    let etc: Vec<(&Path, &str)> = etc.iter().map(|(from, to)| (from.as_path(), *to)).collect();
    Some(serve(with_etc(&dante, &etc)?, scene.port))
}

#[test]
fn dante_with_and_without_credentials() {
    if !have(&["danted", "openssl", "unshare"]) {
        return;
    }
    let scene = Scene::new();
    let Some(proxy) = dante(&scene, "none") else { return };
    scene.assert_claim_and_link("socks5h", "", &proxy);
    assert!(proxy.said().contains(&format!("127.0.0.1.{}", scene.cloud.address().port())), "{}", proxy.said());
    // Credentials that nobody asks for do no harm.
    let again =
        scene.machine.claim(&scene.cloud, &["-id=00000001-bbbb-4ccc-8ddd-eeeeeeeeeeee", &scene.url("socks5h", "a:b@")]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(proxy.stop().0.success());

    let scene = Scene::new();
    let Some(proxy) = dante(&scene, "username") else { return };
    scene.assert_refused("socks5h", "", "accepts none of the ways to authenticate");
    scene.assert_refused("socks5h", "alice:hunter3@", "refused user name or password");
    scene.assert_claim_and_link("socks5h", "alice:hunter2@", &proxy);
    assert!(proxy.stop().0.success());
}

/// With socks5 this machine looks up the name, so it has to be one that it can find.
#[test]
fn dante_is_given_an_address_with_socks5() {
    if !have(&["danted", "openssl", "unshare"]) {
        return;
    }
    for (method, credentials) in [("none", ""), ("username", "alice:hunter2@")] {
        let cloud = cloud("");
        let scene = Scene { machine: Machine::trusting(&cloud), cloud, ..Scene::new() };
        fs::create_dir(scene.file("")).unwrap();
        fs::set_permissions(scene.machine.root(), fs::Permissions::from_mode(0o711)).unwrap();
        scene.write("hosts", "127.0.0.1 nothing.test\n");
        let Some(proxy) = dante(&scene, method) else { return };
        scene.assert_claim_and_link("socks5", credentials, &proxy);
        assert!(proxy.stop().0.success());
    }
}

/// squid without its parent process; `access` says who may do what. It is asked to end in a hurry, as it waits for its
/// clients otherwise.
fn squid(scene: &Scene, access: &str) -> Daemon {
    let directory = scene.file("");
    let configuration = format!(
        "http_port 127.0.0.1:{port}
         hosts_file {directory}/hosts
         pid_filename none
         pinger_enable off
         cache deny all
         cache_mem 1 MB
         memory_cache_shared off
         memory_pools off
         cache_store_log none
         cache_log /dev/null
         access_log stdio:{directory}/access.log
         buffered_logs off
         coredump_dir {directory}
         connect_timeout 5 seconds
         acl to_cloud dstdomain cloud.test
         {access}
         http_access deny all",
        port = scene.port,
        directory = directory.display(),
    );
    let mut squid = program("squid");
    // The name keeps its shared memory apart from that of others.
    squid.args(["-N", "-d", "1", "-n", &format!("aclk{}", scene.port), "-f"]);
    squid.arg(scene.write("squid.conf", &configuration));
    serve(squid, scene.port)
}

const ALLOW_CLOUD: &str = "http_access allow CONNECT to_cloud";

#[test]
fn squid_allows_refuses_and_starts_slowly() {
    if !have(&["squid"]) {
        return;
    }
    let scene = Scene::new();
    // It is not there yet: the claim waits for nothing, the link for its turn.
    let ended = scene.claim("http", "");
    assert_eq!(ended.code, 4, "{ended:?}");
    let failure = &ended.json()["failures"][0];
    let cause = format!("the proxy 127.0.0.1:{}: connection refused", scene.port);
    assert_eq!((&failure["stage"], &failure["cause"]), (&"tcp".into(), &cause.into()));

    let proxy = squid(&scene, ALLOW_CLOUD);
    scene.assert_claim_and_link("http", "", &proxy);
    // It writes a line after the tunnel has gone.
    wait_until("squid has noted five tunnels to the Cloud", || {
        let log = fs::read_to_string(scene.file("access.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains("TCP_TUNNEL/200 ") && line.contains(" CONNECT cloud.test:")).count()
            >= 5
    });
    let link = scene.machine.start(&[]);
    let seen = link.wait_for("ACLK: online as", 0);
    proxy.signal("INT");
    proxy.wait();
    let seen = link.wait_for(": connection refused (retry in ", seen);
    let proxy = squid(&scene, ALLOW_CLOUD);
    link.wait_for("ACLK: online as", seen);
    link.stop();
    proxy.signal("INT");
    proxy.wait();

    let scene = Scene::new();
    let proxy = squid(&scene, "http_access deny CONNECT to_cloud");
    let ended = scene.claim("http", "");
    assert_eq!(ended.code, 4, "{ended:?}");
    let failure = &ended.json()["failures"][0];
    assert!(failure["cause"].as_str().unwrap().contains("answered \"HTTP/1.1 403 Forbidden\""), "{ended:?}");
    assert!(failure["hint"].as_str().unwrap().contains("rules do not allow"), "{ended:?}");
    proxy.signal("INT");
    proxy.wait();
}

#[test]
fn squid_wants_credentials_and_says_when_it_finds_nobody() {
    const NCSA: &str = "/usr/lib/squid/basic_ncsa_auth";
    if !have(&["squid", "openssl"]) || !Path::new(NCSA).exists() {
        return;
    }
    let scene = Scene::new();
    let mut openssl = program("openssl");
    let hash = openssl.args(["passwd", "-apr1", "hunter2"]).output().unwrap().stdout;
    let users = scene.write("users", &format!("alice:{}", String::from_utf8(hash).unwrap()));
    let access = format!(
        "auth_param basic program {NCSA} {}
         auth_param basic children 1
         acl known proxy_auth REQUIRED
         http_access allow CONNECT to_cloud known",
        users.display()
    );
    let proxy = squid(&scene, &access);
    scene.assert_refused("http", "", "answered \"HTTP/1.1 407 Proxy Authentication Required\"");
    scene.assert_refused("http", "alice:hunter3@", "answered \"HTTP/1.1 407 Proxy Authentication Required\"");
    scene.assert_claim_and_link("http", "alice:hunter2@", &proxy);
    proxy.signal("INT");
    proxy.wait();

    // A Cloud that is not there any more: nobody listens at the first of all ports.
    let scene = Scene::new();
    let proxy = squid(&scene, ALLOW_CLOUD);
    let arguments = ["claim", "-token=x", "-url=https://cloud.test:1", &scene.url("http", "")];
    let claim = Daemon::start(scene.machine.command(&arguments));
    claim.wait_for("answered \"HTTP/1.1 503 Service Unavailable\"", 0);
    claim.wait_for("hint: can the proxy look up the name of the Cloud, and reach it?", 0);
    drop(claim);
    proxy.signal("INT");
    proxy.wait();
}
