//! `GET /api/v1/env` (protocol.md 2.4).

use crate::cloud::Cloud;
use crate::config::Peer;
use crate::event::What;
use crate::http::judge::host_without_port;
use crate::http::{Answer, Request};
use crate::ident::ConnectionId;
use serde_json::Value;

impl Cloud {
    /// Says where to authenticate and where to connect. Anybody may ask, with or without a claimed id.
    pub(crate) fn env(&mut self, id: ConnectionId, request: &Request, peer: &Peer) -> Answer {
        let parameter = |name: &str| request.query().split('&').find_map(|pair| pair.strip_prefix(name));
        let version = parameter("v=").unwrap_or_default().to_owned();
        let node = parameter("claim_id=").filter(|node| self.state.nodes.contains_key(*node)).map(str::to_owned);
        if let Some(node) = &node {
            self.presence_of(node).version = Some(version.clone());
        }
        self.note(id, node.as_deref(), What::Env { version });
        let base = self.base_url(request, peer);
        let quoted = |text: &str| Value::from(text).to_string();
        let endpoint = self.config.mqtt_url.clone().unwrap_or_else(|| format!("{base}/mqtt"));
        let transport = |kind: &String| format!("{{\"type\":{},\"endpoint\":{}}}", quoted(kind), quoted(&endpoint));
        let transports: Vec<_> = self.config.transports.iter().map(transport).collect();
        let body = format!(
            "{{\"authEndpoint\":{},\"encoding\":\"proto\",\"transports\":[{}],\
             \"backoff\":{{\"base\":2,\"minSeconds\":0,\"maxSeconds\":1024}},\"capabilities\":[\"proto\",\"ctx\"]}}",
            quoted(&format!("{base}/api/v1/auth")),
            transports.join(",")
        );
        Answer::json(200, "OK", body)
    }

    /// The URL under which the client reached us. `Host` may lack the port, so that is ours.
    fn base_url(&self, request: &Request, peer: &Peer) -> String {
        if let Some(url) = &self.config.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let host = peer.server_name.as_deref().or_else(|| request.header("host").map(host_without_port));
        format!("https://{}:{}", host.unwrap_or("localhost"), self.config.listen_port)
    }
}
