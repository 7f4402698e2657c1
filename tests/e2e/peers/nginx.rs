//! nginx in front of the Cloud: it ends TLS, reads and writes HTTP, and passes on the WebSocket.

use super::chain::{ALL, Chain, Kinds};
use super::{program, serve};
use crate::support::*;
use aclk_cloud::server::{Handle, Options, Running};
use aclk_cloud::{Config, NodeState};
use std::fs;
use std::path::Path;

/// A Cloud that says it is reached at `port`.
fn cloud_behind(port: u16) -> Running {
    let public_url = Some(format!("https://localhost:{port}"));
    Running::start(Options { config: Config { public_url, ..Config::default() }, ..Options::default() }).unwrap()
}

/// One process that listens on `port` and hands everything to `cloud`.
fn nginx(directory: &Path, port: u16, chain: &Chain, cloud: &Handle) -> Daemon {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {}/{name};\n", directory.display()))
        .collect();
    let configuration = format!(
        "daemon off; master_process off; worker_processes 1; pid {directory}/pid; error_log stderr info;
         events {{ worker_connections 64; }}
         http {{
           access_log off;
           {temporary}
           map $http_upgrade $link {{ default Upgrade; '' ''; }}
           server {{
             listen 127.0.0.1:{port} ssl;
             server_name localhost;
             ssl_certificate {chain};
             ssl_certificate_key {key};
             ssl_protocols TLSv1.2 TLSv1.3;
             location / {{
               proxy_pass https://{cloud};
               proxy_ssl_protocols TLSv1.3;
               proxy_ssl_verify on;
               proxy_ssl_verify_depth 3;
               proxy_ssl_trusted_certificate {ca};
               proxy_ssl_server_name on;
               proxy_ssl_name localhost;
               proxy_http_version 1.1;
               proxy_set_header Host $http_host;
               proxy_set_header Upgrade $http_upgrade;
               proxy_set_header Connection $link;
               proxy_read_timeout 300s;
             }}
           }}
         }}",
        directory = directory.display(),
        chain = chain.full().display(),
        key = chain.key().display(),
        cloud = cloud.address(),
        ca = cloud.ca_file().display(),
    );
    let file = directory.join("nginx.conf");
    fs::write(&file, configuration).unwrap();
    let mut nginx = program("nginx");
    nginx.arg("-p").arg(directory).arg("-c").arg(&file).args(["-e", "stderr"]);
    serve(nginx, port)
}

/// A machine that trusts the chain of nginx and nobody else, with nginx in front of a Cloud.
struct Scene {
    machine: Machine,
    chain: Chain,
    port: u16,
    cloud: Running,
}

impl Scene {
    fn new(kinds: Kinds) -> Self {
        let machine = Machine::new();
        machine.give_key();
        let chain = Chain::make(machine.root().join("chain"), kinds);
        fs::write(machine.file("cloud_fullchain.pem"), chain.root_pem()).unwrap();
        // After the keys of the chain, which may take long to make.
        let port = free_port();
        Self { machine, chain, port, cloud: cloud_behind(port) }
    }

    fn front(&self) -> Daemon {
        nginx(self.chain.directory(), self.port, &self.chain, &self.cloud)
    }

    fn claim(&self, front: &Daemon) {
        let ended = self.machine.claim(&self.cloud, &[]);
        assert_eq!(ended.code, 0, "{ended:?}\n{}", front.said());
    }

    fn state(&self) -> NodeState {
        self.cloud.with(|cloud, _| cloud.view()).nodes[0].state
    }

    /// nginx puts the headers of a request into another order; everything else arrives as we sent it.
    fn check_deviations(&self) {
        for deviation in self.cloud.with(|cloud, _| cloud.deviations().to_vec()) {
            assert!(deviation.detail.starts_with("headers Host, Content-Length, User-Agent instead"), "{deviation:?}");
        }
    }
}

#[test]
fn the_whole_spine_works_through_nginx_with_every_kind_of_chain() {
    if !have(&["openssl", "nginx"]) {
        return;
    }
    for kinds in ALL {
        let scene = Scene::new(kinds);
        let front = scene.front();
        scene.claim(&front);
        let link = scene.machine.start(&[]);
        link.wait_for("ACLK: online as", 0);
        assert_eq!(scene.state(), NodeState::Online);
        assert!(link.stop().0.success());
        wait_until("the Cloud sees it leave", || scene.state() == NodeState::Offline);
        let events = events(&scene.cloud);
        assert!(!events.iter().any(|event| event.contains("will")), "it left in order: {events:?}");
        scene.check_deviations();
        println!("{:18} nginx: claimed, online, offline", kinds.name);
    }
}

#[test]
fn a_link_comes_back_after_a_restart_of_nginx() {
    if !have(&["openssl", "nginx"]) {
        return;
    }
    let scene = Scene::new(ALL[0]);
    let front = scene.front();
    scene.claim(&front);
    let link = scene.machine.start(&[]);
    let seen = link.wait_for("ACLK: online as", 0);
    front.signal("KILL");
    front.wait();
    let seen = link.wait_for("offline: ", seen);
    wait_until("the Cloud sees it leave", || scene.state() == NodeState::Offline);
    let _front = scene.front();
    link.wait_for("ACLK: online as", seen);
    assert!(link.stop().0.success());
    scene.check_deviations();
}
