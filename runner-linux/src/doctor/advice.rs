//! What to do about a failure: full sentences, from the failure and from what was seen on the way to it.

use super::certificate::{date, span};
use super::way::Seen;
use super::{Step, resolver};
use crate::clock::{BUILD_UNIX_SECONDS, rfc3339};
use crate::fault::Fault;
use aclk_core::clock::{Trust, WallTime};
use aclk_core::stage::{Failure, Next, Purpose, ServerSaid, Stage};
use std::path::PathBuf;

/// What is known about this machine and its settings.
#[derive(Debug)]
pub(crate) struct Situation {
    /// The Cloud.
    pub(crate) url: String,
    /// The proxy without credentials, and who says so.
    pub(crate) proxy: Option<(String, String)>,
    /// Variables that name a proxy and are not looked at.
    pub(crate) unused: Vec<&'static str>,
    /// Where certificates of the user go.
    pub(crate) chain: PathBuf,
    /// Why TLS trusts nobody, if that is so.
    pub(crate) distrust: Option<Fault>,
    /// Whether certificates are not checked.
    pub(crate) insecure: bool,
    pub(crate) wall: WallTime,
}

/// A failure of the way as a step.
pub(crate) fn of_failure(failure: &Failure, seen: &Seen, situation: &Situation) -> Step {
    let step = match failure.stage {
        Stage::Dns => dns(failure, situation),
        Stage::Tcp => tcp(failure, situation),
        Stage::Proxy => proxy(failure, situation),
        Stage::Tls => tls(failure, seen, situation),
        Stage::Http => http(failure, seen, situation),
        _ => behind(failure),
    };
    let mut step = forbidden(failure.cause.as_str(), step);
    if step.advice.is_empty() {
        step.advice = OTHERWISE.to_owned();
    }
    step.purpose = failure.purpose;
    if let Some(said) = &failure.server {
        step.evidence.push(format!("the Cloud said: {said}"));
    }
    match failure.next {
        Next::Banned => step.evidence.push("a link would not try again: the Cloud asked it not to".to_owned()),
        Next::Retry(delay) if delay.as_secs() > 60 => {
            step.evidence.push(format!("a link would wait for {}: the Cloud asks for it", span(delay.as_secs())));
        }
        Next::Retry(_) | Next::Stop => {}
    }
    step
}

/// Where nothing better is known.
const OTHERWISE: &str = "There is no usual cause of this. Try again in some minutes; if it stays so, ask whoever runs this Cloud, and \
                         show the lines above.";

/// What to do about something that was found before the way began.
pub(crate) fn of_fault(fault: &Fault) -> String {
    let hint = sentence(&fault.hint);
    let step = forbidden(&fault.cause, Step::failed(fault.stage, fault.cause.as_str(), hint));
    if step.advice.is_empty() {
        "Mend what the line above names, and start this again.".to_owned()
    } else {
        step.advice
    }
}

fn failed(failure: &Failure, advice: impl Into<String>) -> Step {
    Step::failed(failure.stage, failure.cause.as_str(), advice)
}

/// Some systems let no program make certain calls. What the program then says is misleading.
fn forbidden(cause: &str, step: Step) -> Step {
    let cause = cause.to_ascii_lowercase();
    let call = ["operation not permitted", "function not implemented"].iter().find(|words| cause.contains(**words));
    let Some(words) = call else { return step };
    let advice = format!(
        "The system itself refused a call of this program (\"{words}\"). In a container that is most often a seccomp profile, or \
         a container runtime (libseccomp, runc) that is older than the calls it has to let through: update it, or try once \
         with --security-opt seccomp=unconfined. Outside, look for IPAddressDeny= of the systemd unit, SELinux or AppArmor."
    );
    Step { advice, ..step }
}

fn dns(failure: &Failure, situation: &Situation) -> Step {
    let mut advice = sentence(failure.hint);
    advice.push_str(if failure.cause.as_str().contains("no such host") {
        "Is the name written as it should be? If it is, the name server does not know it: try \"getent hosts NAME\" here and on \
         a machine that works."
    } else {
        "The name server does not answer: check the network, the name server in /etc/resolv.conf, and whether a firewall lets \
         port 53 through (UDP and TCP)."
    });
    advice.push_str(&of_unused(situation));
    failed(failure, advice).seen(resolver::describe())
}

fn tcp(failure: &Failure, situation: &Situation) -> Step {
    let cause = failure.cause.as_str();
    let mut advice = sentence(failure.hint);
    advice.push_str(if cause.contains("connection refused") {
        "The machine answers, and nothing listens at this port, or a firewall refuses in its place. Check host and port, and the \
         rules of the firewall for outgoing connections."
    } else if cause.contains("unreachable") {
        "There is no route to this address: check the network (ip addr, ip route). If only IPv6 is missing, the name has no \
         IPv4 address that could be used in its place."
    } else if cause.contains("no answer within") {
        "Nothing comes back: most often a firewall drops the packets. Let TCP to this host and port out, or use the proxy of \
         your network."
    } else {
        "Check the network and the firewall: TCP to this host and port has to get out."
    });
    if situation.proxy.is_none() {
        advice.push_str(
            " Where only a proxy leads out, write it into netdata.conf:\n  [cloud]\n      proxy = http://PROXY:PORT",
        );
        advice.push_str(&of_unused(situation));
    }
    failed(failure, advice)
}

fn proxy(failure: &Failure, situation: &Situation) -> Step {
    let mut advice = sentence(failure.hint);
    let step = match &situation.proxy {
        Some((url, source)) => {
            advice.push_str(&format!("The proxy is {url}, from {source}: that is the place to change it."));
            failed(failure, advice)
        }
        None => failed(failure, advice),
    };
    step.seen("claim and link use the same proxy")
}

/// A certificate speaks for itself; whom it does not convince is told why.
fn tls(failure: &Failure, seen: &Seen, situation: &Situation) -> Step {
    if let Some(fault) = &situation.distrust {
        return Step::failed(fault.stage, fault.cause.as_str(), of_fault(fault));
    }
    let Some(shown) = &seen.certificate else {
        let hint = if failure.hint.is_empty() {
            "Something on the way to the Cloud, or the Cloud itself, does not speak TLS 1.3 as it should: check host and port of \
             the URL, and whether a proxy or firewall looks into connections."
                .to_owned()
        } else {
            sentence(failure.hint)
        };
        return failed(failure, hint);
    };
    let now = situation.wall.unix_seconds();
    let cause = failure.cause.as_str();
    let step = match shown.validity {
        Some((from, _)) if now < from && situation.wall.trust == Trust::Floor => Step::failed(
            Stage::Clock,
            "the clock of this machine is not set",
            format!(
                "It is earlier than the day this program was built ({}), and so the certificate of the Cloud seems not to be \
                 valid yet. Set the clock:\n  timedatectl set-ntp true\nor, without systemd:\n  ntpd -q -p pool.ntp.org",
                date(BUILD_UNIX_SECONDS)
            ),
        )
        .seen(format!("tls: {cause}")),
        Some((from, _)) if now < from => failed(
            failure,
            format!(
                "Is the clock of this machine right? It says {}. If not, it is {} slow at least, and setting it helps:\n  \
                 timedatectl set-ntp true\nIf it is right, the certificate was put in place too early: whoever runs {} has to \
                 look at it.",
                rfc3339(now),
                span(from - now),
                situation.url
            ),
        ),
        Some((_, to)) if now > to => failed(
            failure,
            format!(
                "Is the clock of this machine right? It says {}, which is {} after the end of the certificate. If it is fast, \
                 set it:\n  timedatectl set-ntp true\nIf it is right, whoever runs {} has to renew the certificate.",
                rfc3339(now),
                span(now - to),
                situation.url
            ),
        ),
        _ if cause.starts_with("certificate is for") || cause.starts_with("certificate names no host") => failed(
            failure,
            format!(
                "Another server than the one in the URL answers there. Check {} for a misspelt host; if it is right, the name \
                 leads to the wrong address (look at /etc/hosts and the name server), or something on the way answers in the \
                 place of the Cloud.",
                situation.url
            ),
        ),
        _ if cause.contains("trusted") => failed(failure, distrusted(shown, situation)),
        _ if cause.starts_with("a signature") => failed(
            failure,
            format!(
                "The certificate names an authority that is trusted, and another key has signed it: an authority was made anew, or \
                 somebody is in between. If it is your own authority, put its present certificate into {}.",
                situation.chain.display()
            ),
        ),
        _ => failed(failure, sentence(failure.hint)),
    };
    step.seen(shown.describe())
}

fn distrusted(shown: &super::certificate::Shown, situation: &Situation) -> String {
    let root = if shown.self_signed { &shown.subject } else { &shown.root };
    let chain = situation.chain.display();
    format!(
        "Nobody whom this machine trusts vouches for \"{root}\". Who is that?\n\
         - The authority of a Cloud of your own: put its certificate (PEM) into {chain}.\n\
         - A proxy, firewall or virus scanner of your network that opens TLS connections: let {} pass unopened, or put its \
         certificate there.\n\
         - A public authority: the list of trusted ones is too old. Update the package ca-certificates.\n\
         - Nobody you know: then somebody is in between, and it is good that the connection was refused.",
        situation.url
    )
}

fn http(failure: &Failure, seen: &Seen, situation: &Situation) -> Step {
    let unnamed = ServerSaid::default();
    let said = failure.server.as_ref().unwrap_or(&unnamed);
    let status = if said.status == 0 { seen.status } else { said.status };
    let is_login = matches!(failure.purpose, Some(Purpose::Challenge | Purpose::Password));
    let advice = if said.key.as_str() == "ErrIncorrectResponse" {
        WRONG_KEY.to_owned()
    } else if failure.next == Next::Banned {
        "The Cloud does not want this node, and asked it not to try again. Look for it in Netdata Cloud: was it removed, or \
         blocked? When that is settled, lift the ban with \"netdatacli reload-claiming-state\", or restart the daemon. A \
         node that was removed has to be claimed again under a new id (-id=)."
            .to_owned()
    } else {
        match (status, is_login) {
            (429, _) => "The Cloud is asked too often, from here or from behind the same address. Wait, and see whether another \
                 program or a second daemon asks all the time."
                .to_owned(),
            (401 | 403 | 404 | 410, true) => {
                "The Cloud does not know this id as a claimed node: it was removed there, or it was claimed at another Cloud than \
                 this URL. Claim it again: remove claim.d and run the claim command of your Space, under a new id (-id=) if \
                 the Cloud says that the old one is taken."
                    .to_owned()
            }
            (409, true) => "Somebody else asked for a challenge of the same id at the same time: does a copy of this machine run \
                 (a cloned disk, a copied volume)? Two machines cannot share an id."
                .to_owned(),
            (500.., _) => "The Cloud, or a gateway in front of it, has a problem of its own. There is nothing to mend here; a link \
                 tries again by itself."
                .to_owned(),
            (300..=399, _) => format!(
                "Another server than a Netdata Cloud answers, as the login page of a network does. Check {}, and whether this \
                 network wants a login first.",
                situation.url
            ),
            _ if failure.hint.is_empty() => format!(
                "What answers at {} does not answer as Netdata Cloud does. Check the URL, and whether something on the way \
                 (a gateway, the login page of a network) answers in its place.",
                situation.url
            ),
            _ => sentence(failure.hint),
        }
    };
    failed(failure, advice)
}

const WRONG_KEY: &str = "private.pem is not the key that was registered when this id was claimed: a volume was made anew, a disk \
                         or a GUID copied, or the file replaced. Put the right file back, or claim again under a new id:\n  \
                         aclk claim -token=TOKEN -id=$(cat /proc/sys/kernel/random/uuid)";

/// What the Cloud means, the key, and the session.
fn behind(failure: &Failure) -> Step {
    let advice = match failure.stage {
        Stage::Decrypt => WRONG_KEY.to_owned(),
        Stage::Json => "What answers is not a Netdata Cloud that this program understands: check the URL. If it is right, something \
             on the way may answer in its place, as the login page of a network does."
            .to_owned(),
        Stage::Websocket => "Log-in works and the link does not: something on the way (a proxy, a firewall that looks into \
             connections) does not let WebSockets through, or ends them. Let them pass for the host of the Cloud."
            .to_owned(),
        Stage::Mqtt if failure.cause.as_str().contains("taken over") => {
            "Another machine connected with the same identity: a copy of this one (a cloned disk, a copied volume). Give one of \
             them a new identity: remove claim.d and /var/lib/netdata/registry there, and claim it."
                .to_owned()
        }
        Stage::Mqtt => "The Cloud knows this node and refuses its session. If that stays so for some minutes, ask the support of \
             the Cloud; the code above says why."
            .to_owned(),
        _ => String::new(),
    };
    failed(failure, if advice.is_empty() { sentence(failure.hint) } else { advice })
}

fn of_unused(situation: &Situation) -> String {
    if situation.unused.is_empty() {
        return String::new();
    }
    format!(
        "\nThe environment names a proxy ({}), and nothing says that it is to be used. For claim and link:\n  [cloud]\n      proxy \
         = env",
        situation.unused.join(", ")
    )
}

/// A hint as a sentence, with a blank behind it.
pub(crate) fn sentence(hint: &str) -> String {
    let mut letters = hint.chars();
    let Some(first) = letters.next() else { return String::new() };
    let end = if hint.ends_with(['?', '.', '!']) { " " } else { ". " };
    first.to_uppercase().chain(letters).chain(end.chars()).collect()
}
