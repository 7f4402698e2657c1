//! Where secrets go: the token into the claim, the answer to a challenge into the password request, the MQTT password into
//! CONNECT, the password of a proxy to the proxy, the private key nowhere. Nothing of it is told to people.

use crate::evidence::{attempts, base64, contains, head, packets, payloads};
use crate::play::Run;
use crate::scenario::PROXY_PASSWORD;
use aclk_core::stage::Purpose;
use aclk_pair::{PRIVATE_PEM, Word};

/// First byte of CONNECT.
const CONNECT: u8 = 0x10;

pub(super) fn leave_only_where_they_belong(run: &Run) -> Result<(), String> {
    let token = Forms::of("the token", run.token.as_bytes());
    let proxy = Forms::of("the password of the proxy", PROXY_PASSWORD.as_bytes());
    let answers: Vec<Forms> = run.secrets.iter().map(|secret| Forms::of("an answer or password", secret)).collect();
    let key: Vec<Forms> = PRIVATE_PEM
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(|line| Forms::of("the private key", line.as_bytes()))
        .collect();

    for attempt in attempts(&run.transcript) {
        let (sent, purpose) = (&attempt.bytes.sent, attempt.purpose);
        let none_of = |secrets: &[Forms], bytes: &[u8]| {
            secrets
                .iter()
                .find_map(|secret| secret.found(bytes))
                .map_or(Ok(()), |what| Err(format!("{what}: {purpose}")))
        };
        none_of(&key, sent)?;
        none_of(std::slice::from_ref(&proxy), sent)?;
        if purpose != Purpose::Claim {
            none_of(std::slice::from_ref(&token), sent)?;
        }
        match purpose {
            Purpose::Claim | Purpose::Env | Purpose::Challenge => none_of(&answers, sent)?,
            // In base64 only.
            Purpose::Password => {
                if answers.iter().any(|answer| contains(sent, &answer.raw)) {
                    return Err("an answer or a password as it is: password".to_owned());
                }
            }
            Purpose::Link => {
                let (request, frames) = sent.split_at(head(sent).unwrap_or(sent.len()));
                none_of(&answers, request)?;
                let data = payloads(frames);
                none_of(&key, &data)?;
                none_of(&[Forms::of(token.name, &token.raw), Forms::of(proxy.name, &proxy.raw)], &data)?;
                for packet in packets(&data).into_iter().filter(|packet| packet.first() != Some(&CONNECT)) {
                    none_of(&answers, packet)?;
                }
            }
        }
    }
    for entry in &run.transcript {
        let (bytes, may_be_proxys) = match &entry.what {
            Word::Plain(bytes) => (bytes.clone(), true),
            Word::Told(done) => (format!("{done:?}").into_bytes(), false),
            _ => continue,
        };
        let others = answers.iter().chain(&key).chain([&token]);
        let proxys = Some(&proxy).filter(|_| !may_be_proxys);
        if let Some(what) = others.chain(proxys).find_map(|secret| secret.found(&bytes)) {
            return Err(format!(
                "{what}: at {:?}, {}",
                entry.at,
                if may_be_proxys { "in front of TLS" } else { "told" }
            ));
        }
    }
    Ok(())
}

/// A secret in the forms that it may be seen in.
struct Forms {
    name: &'static str,
    raw: Vec<u8>,
    base64: String,
}

impl Forms {
    fn of(name: &'static str, secret: &[u8]) -> Self {
        Self { name, raw: secret.to_vec(), base64: base64(secret) }
    }

    fn found(&self, bytes: &[u8]) -> Option<&'static str> {
        (contains(bytes, &self.raw) || contains(bytes, self.base64.as_bytes())).then_some(self.name)
    }
}
