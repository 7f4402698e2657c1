//! Every fault of the plan, at every step it applies to: its effect is on the wire, and nothing of it is without it.

mod common;
mod expectations;

use aclk_cloud::{Certificate, Fault, NodeState, Step};
use common::{Client, Wire};
use expectations::Seen;

/// Walks to a step and gives what the Cloud said at it. At the steps of a live link, a ping and a node creation follow, to
/// show what is missing from then on.
fn walk(client: &mut Client, step: Step) -> Wire {
    if step == Step::Claim {
        return client.claim();
    }
    client.claim();
    if step == Step::Env {
        return client.env();
    }
    client.env();
    let challenge = client.challenge();
    if step == Step::Challenge {
        return challenge;
    }
    let password = client.password(&challenge);
    if step == Step::Password {
        return password;
    }
    let upgrade = client.upgrade();
    if step == Step::Upgrade {
        return upgrade;
    }
    let mut wire = client.connect();
    if step == Step::Connect {
        return with(wire, client.frame(2, &[0xc0, 0]));
    }
    wire = client.subscribe("inbox-cmd");
    client.subscribe("inbox-cmd-v1");
    if step == Step::Subscribe {
        return wire;
    }
    wire = client.announce();
    let created = client.create_node();
    if step == Step::Announce {
        wire.join(created);
    } else {
        wire = client.live();
    }
    with(wire, client.frame(2, &[0xc0, 0]))
}

fn with(mut wire: Wire, more: Wire) -> Wire {
    wire.join(more);
    wire
}

#[test]
fn every_fault_shows_on_the_wire_at_every_step_it_applies_to() {
    let mut wrong = Vec::new();
    for fault in Fault::list() {
        if fault.steps == [Step::Tls] {
            // Seen by the front end alone, see the next test.
            continue;
        }
        let (_, shows) = expectations::all().find(|(name, _)| *name == fault.name).unwrap_or_else(|| {
            panic!("no expectation for {}", fault.name);
        });
        for step in fault.steps {
            let mut client = Client::with_faults(&format!("{}@{step}", fault.name));
            let wire = walk(&mut client, *step);
            let mut without = Client::with_faults("");
            let plain = walk(&mut without, *step);
            let seen = Seen { step: *step, wire, plain, client: &client };
            if !shows(&seen) {
                let text: String = seen.wire.text().chars().take(300).collect();
                wrong.push(format!("{}@{step}: {text:?} {:?}", fault.name, seen.wire.end));
            }
            let plain = Seen { step: *step, wire: seen.plain.clone(), plain: seen.plain.clone(), client: &without };
            if shows(&plain) {
                wrong.push(format!("{}@{step} shows without the fault too", fault.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_fault_of_the_handshake_chooses_what_the_front_end_shows() {
    let mut shown = Vec::new();
    for fault in Fault::list().iter().filter(|fault| fault.steps.contains(&Step::Tls)) {
        let mut client = Client::with_faults(&format!("{}*1", fault.name));
        let certificate = client.cloud.certificate(client.now);
        assert_ne!(certificate, Certificate::Good, "{fault:?}");
        assert!(!shown.contains(&certificate), "{fault:?}");
        shown.push(certificate);
        assert_eq!(client.cloud.certificate(client.now), Certificate::Good, "{fault:?} struck once");
        assert_eq!(client.events(), [format!("fault {}@tls", fault.name)]);
        assert_eq!(client.claim().http().status, 204, "{fault:?} bends no answer");
    }
    assert!(shown.len() > 3);
}

#[test]
fn every_expectation_belongs_to_a_fault() {
    for (name, _) in expectations::all() {
        assert!(Fault::named(name).is_some(), "{name}");
    }
}

#[test]
fn a_fault_strikes_only_where_and_as_often_as_it_is_planned() {
    let mut client = Client::with_faults("status-503@env*2");
    client.claim();
    assert_eq!((client.env().http().status, client.env().http().status, client.env().http().status), (503, 503, 200));
    assert_eq!(client.challenge().http().status, 200);
    assert_eq!(client.cloud.faults_mut().iter().next().unwrap().struck(), 2);
    let faults: Vec<_> = client.events().into_iter().filter(|event| event.starts_with("fault")).collect();
    assert_eq!(faults, ["fault status-503@env", "fault status-503@env"]);
}

#[test]
fn faults_add_up() {
    let mut client = Client::with_faults("status-503@env,drip@env");
    client.claim();
    let wire = client.env();
    assert_eq!((wire.http().status, wire.pieces), (503, wire.bytes.len()));
}

#[test]
fn a_request_that_a_fault_answers_has_no_effect() {
    let mut client = Client::with_faults("status-500@claim*1");
    client.claim();
    assert_eq!(client.state(), None);
    client.claim();
    assert_eq!(client.state(), Some(NodeState::Claimed));
}

#[test]
fn a_claim_whose_reply_is_lost_has_taken_effect() {
    let mut client = Client::with_faults("claim-reply-lost*1");
    let wire = client.claim();
    assert_eq!((wire.bytes.len(), wire.end), (0, Some(aclk_cloud::Action::Abort)));
    assert_eq!(client.state(), Some(NodeState::Claimed));
    assert_eq!(client.claim().json()["errorMsgKey"], "ErrAlreadyClaimed");
}

#[test]
fn a_plan_can_change_while_the_cloud_runs() {
    let mut client = Client::with_faults("status-503@env,reset@challenge");
    client.claim();
    client.cloud.faults_mut().remove("status-503");
    assert_eq!(client.env().http().status, 200);
    client.cloud.set_faults(aclk_cloud::FaultPlan::none());
    assert_eq!(client.challenge().http().status, 200);
    client.cloud.faults_mut().add("status-429@env").unwrap();
    assert_eq!(client.env().http().status, 429);
}
