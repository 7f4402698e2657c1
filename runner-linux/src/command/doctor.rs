//! `aclk doctor`: what is wrong on the way to the Cloud, and what to do about it?

use super::print;
use crate::args::Args;
use crate::doctor::advice::sentence;
use crate::doctor::holder::Holder;
use crate::doctor::local::Local;
use crate::doctor::page::Page;
use crate::doctor::way::Way;
use crate::doctor::{Outcome, Report, Step, Verdict, exit_code, object};
use crate::fault::Fault;
use crate::live::State;
use crate::manual::pages::DOCTOR;
use crate::paths::Paths;
use crate::proxy::{self, Choice, Environment};
use crate::random;
use crate::report::screen::Screen;
use crate::settings::{self, Defaults, Given};
use aclk_core::engine::event::Until;
use aclk_core::identity::guid::Guid;
use aclk_core::stage::Stage;
use aclk_core::store::Saved;
use std::ffi::OsString;
use std::io::stderr;
use zeroize::Zeroizing;

struct Options {
    given: Given,
    json: bool,
}

/// Runs the command. The exit code is 0 or that of the stage that failed.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    match parse(arguments) {
        Ok(Some(options)) => examine(options),
        Ok(None) => {
            print(DOCTOR);
            0
        }
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            fault.code
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, Fault> {
    let mut options = Options { given: Given::default(), json: false };
    let mut args = Args::of(&DOCTOR, arguments);
    while let Some(argument) = args.next()? {
        let name = argument.name().to_owned();
        match name.as_str() {
            "help" | "h" => return Ok(None),
            "json" => {
                argument.flag()?;
                options.json = true;
            }
            "insecure" => {
                argument.flag()?;
                options.given.insecure = true;
            }
            "noproxy" => {
                argument.flag()?;
                options.given.take("proxy", Zeroizing::new(proxy::NONE.to_owned()))?;
            }
            name if Given::knows(name) => options.given.take(name, argument.value()?)?,
            _ => return Err(argument.unknown()),
        }
    }
    if let Some(given) = options.given.proxy.as_ref().filter(|given| !proxy::is_env(given.expose())) {
        Choice::make(Some(given.expose()), &Paths::from_env(), None, Environment::of_process())?;
    }
    // The same values alone: what is wrong now is not the fault of a file.
    let guid = Guid::random(&mut random::rng()?);
    settings::assemble_with(options.given.clone(), None, Defaults::default(), guid)?;
    Ok(Some(options))
}

fn examine(options: Options) -> u8 {
    let Options { given, json } = options;
    let paths = Paths::from_env();
    let mut report = Report::new((!json).then(Page::new));
    let local = Local::read(&paths, given);
    let holder = Holder::find(&paths);
    local.tell(&mut report, &holder, &paths);
    let claim = local.saved.claimed.clone();
    let (url, is_elsewhere, is_claimed) = (local.situation.url.clone(), local.is_elsewhere, local.is_claimed());
    let other_proxy = other_proxy(&holder, &local);
    let until = if is_claimed && !is_elsewhere { holder.allows() } else { Until::Environment };
    if report.failure().is_none() {
        go(local, until, &mut report);
    }
    if is_claimed && !is_elsewhere && report.failure().is_none() {
        ask(&holder, other_proxy, until, &mut report);
    }
    let verdict = verdict(&report, &holder, &url, is_claimed, is_elsewhere);
    report.end(&verdict);
    if json {
        print(object::write(&report, &holder, claim.map(|claim| claim.id.to_string()), &url, &verdict).0);
    }
    verdict.code
}

fn go(local: Local, until: Until, report: &mut Report) {
    let Local { saved, is_elsewhere, settings, trust, situation, store, .. } = local;
    let Some(settings) = settings else { return };
    let saved = if is_elsewhere { Saved::default() } else { saved };
    if let Err(fault) = (Way { store, trust, settings, saved, until, situation }).go(report) {
        report.add(Step::from(fault));
    }
}

/// A daemon may have another environment than we have, and so another proxy.
fn other_proxy(holder: &Holder, local: &Local) -> Option<String> {
    let status = holder.status()?;
    let source = status.proxy_source.as_deref()?;
    let ours = local.situation.proxy.as_ref().map(|(url, _)| url.as_str());
    let name = |url: Option<&str>| url.unwrap_or(proxy::NONE).to_owned();
    (status.proxy.as_deref() != ours).then(|| {
        format!(
            "the daemon goes through the proxy {} ({source}), and this walk through {}",
            name(status.proxy.as_deref()),
            name(ours)
        )
    })
}

/// What was not tried for the sake of a daemon is answered by it.
fn ask(holder: &Holder, other_proxy: Option<String>, until: Until, report: &mut Report) {
    if let Some(cause) = other_proxy {
        let advice = "Claim and link follow the same rule, so the daemon was started with another environment, or before the setting \
                      was changed. Have it read its settings again:\n  netdatacli reload-claiming-state";
        report.add(Step::doubtful(Stage::Proxy, cause, advice));
    }
    if until == Until::Online {
        return;
    }
    let text = holder.describe();
    if holder.is_online() {
        for stage in [Stage::Decrypt, Stage::Websocket, Stage::Mqtt, Stage::App] {
            report.add(Step::passed(stage, text.clone()));
        }
        return;
    }
    let trouble = holder.trouble();
    let stage = holder.status().and_then(|status| status.stage.as_deref()).and_then(stage_named).unwrap_or(Stage::Mqtt);
    let state = holder.status().map(|status| status.state);
    let hint = holder.status().and_then(|status| status.hint.as_deref()).map(sentence).unwrap_or_default();
    let step = match state {
        Some(State::Banned | State::Stopped) => {
            let cause = format!("{text}; {}", trouble.unwrap_or_default());
            let advice = format!(
                "{hint}\nThe way is open as far as it was tried from here. The daemon does not try again by itself; when the \
                 cause above is settled, have it do so:\n  netdatacli reload-claiming-state"
            );
            Step::failed(stage, cause, advice.trim_start().to_owned())
        }
        Some(State::Idle) => Step::failed(
            Stage::Config,
            text,
            "The daemon has not seen the claim yet. Have it read everything again:\n  netdatacli reload-claiming-state",
        ),
        // What it met there is open from here by now.
        Some(State::Offline | State::Connecting) if trouble.is_none() || is_passed(report, stage) => Step::doubtful(
            stage,
            format!("{text}{}", trouble.map(|trouble| format!("; {trouble}")).unwrap_or_default()),
            "The way is open as far as it was tried from here, and the daemon tries again by itself. To have it do so at \
             once:\n  netdatacli reload-claiming-state",
        ),
        Some(_) => {
            let cause = format!("{text}; {}", trouble.unwrap_or_default());
            Step::failed(
                stage,
                cause,
                format!("{hint}\nAs far as it was tried from here, the way is open.").trim_start().to_owned(),
            )
        }
        None => Step::doubtful(
            Stage::Mqtt,
            text,
            "What comes behind /env was not tried: it would take the session away from whoever has it.",
        ),
    };
    report.add(step);
}

fn is_passed(report: &Report, stage: Stage) -> bool {
    report.steps().iter().any(|step| step.stage == stage && step.outcome != Outcome::Failed)
}

fn stage_named(name: &str) -> Option<Stage> {
    crate::doctor::STAGES.into_iter().find(|stage| stage.name() == name)
}

fn verdict(report: &Report, holder: &Holder, url: &str, is_claimed: bool, is_elsewhere: bool) -> Verdict {
    if let Some(step) = report.failure() {
        let on = step.purpose.map(|purpose| format!(" ({purpose})")).unwrap_or_default();
        let summary = format!("It ends at {}{on}: {}.", step.stage, step.cause.as_deref().unwrap_or_default());
        let unclaimed =
            if is_claimed { "" } else { "\nAnd this machine is not claimed: when the way is open, claim it." };
        let advice = format!("What to do: {}{unclaimed}", step.advice.trim_end());
        return Verdict { code: exit_code(step.stage), summary, advice };
    }
    if !is_claimed {
        return Verdict {
            code: exit_code(Stage::Config),
            summary: format!(
                "The way to {url} is open as far as it goes without a claim, and this machine is not claimed."
            ),
            advice: format!(
                "What to do: copy the claim command from your Space in Netdata Cloud (Space, Manage Claimed Nodes), and run it as \
                 root or as the user of the daemon:\n  aclk claim -token=TOKEN -rooms=ROOM1,ROOM2 -url={url}"
            ),
        };
    }
    if is_elsewhere {
        let summary =
            format!("The way to {url} is open. This machine is claimed at another Cloud, so /env is where it ends.");
        return Verdict { code: 0, summary, advice: String::new() };
    }
    match holder {
        Holder::Nobody => Verdict {
            code: 0,
            summary: "All is well: the link came up, and was left in order.".to_owned(),
            advice: "No daemon runs on this machine, so nothing holds the link now. Start one with \"aclk run\", or \
                     \"systemctl start\" its unit."
                .to_owned(),
        },
        holder if holder.is_online() => {
            Verdict { code: 0, summary: format!("All is well: {}.", holder.describe()), advice: String::new() }
        }
        holder => {
            let summary = format!("The way is open as far as it was tried, and {}.", holder.describe());
            Verdict { code: 0, summary, advice: String::new() }
        }
    }
}
