//! What goes wrong, and when.

use aclk_cloud::{Step, What as CloudSaw};
use aclk_lan::Faults;
use aclk_netsim::{Setup, Simulation};
use aclk_proxy::Kind;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
/// How long the Cloud is away when it restarts.
const RESTART: Duration = Duration::from_secs(10);
/// How long the cable is out.
const OUTAGE: Duration = Duration::from_secs(30);
/// After that time without a ping's answer a device has to know that its link is gone.
const UNNOTICED: Duration = Duration::from_secs(300);

/// A device that is switched on in a world with a plot.
pub(crate) struct Scenario {
    pub(crate) name: String,
    setup: Setup,
    plot: Plot,
}

/// What happens to the device on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plot {
    Nothing,
    /// The Cloud restarts instead of answering at this step; the one that makes a node live: once the link is up.
    Restart(Step),
    /// The cable is pulled out when the Cloud has answered at this step; the same.
    Outage(Step),
    /// The router gives the device another address when the link is up.
    NewAddress,
    /// The router forgets all connections when the link is up, and does not say so.
    ForgottenFlows,
}

impl Scenario {
    /// From power-on until the device is online, whatever happens in between.
    ///
    /// # Panics
    /// If it does not come online.
    pub(crate) fn run(&self) -> Simulation {
        let mut setup = self.setup.clone();
        if let Plot::Restart(step) = self.plot
            && step != Step::Online
        {
            setup.cloud.faults.add(&format!("reset@{step}*1")).expect("the fault is one of the list");
        }
        let mut simulation = Simulation::new(setup);
        self.twist(&mut simulation);
        let online = simulation.run_until(2 * HOUR, |simulation| simulation.is_online());
        assert!(online, "{} does not come online: {:#?}", self.name, simulation.happened());
        simulation
    }

    fn twist(&self, simulation: &mut Simulation) {
        match self.plot {
            Plot::Nothing => {}
            Plot::Restart(step) => {
                self.wait_for(simulation, step, |saw| matches!(saw, CloudSaw::Fault { .. }));
                simulation.cloud_down();
                simulation.run_for(RESTART);
                simulation.cloud_up();
                lose(simulation, step == Step::Online);
            }
            Plot::Outage(step) => {
                self.wait_for(simulation, step, |saw| answered(step, saw));
                simulation.lan.cable.unplug();
                simulation.run_for(OUTAGE);
                simulation.lan.cable.plug();
                // A link that is up may survive it.
                simulation.run_until(UNNOTICED, |simulation| !simulation.is_online());
            }
            Plot::NewAddress => {
                self.wait_for(simulation, Step::Online, |_| false);
                let before = simulation.address();
                simulation.lan.router.revoke_leases();
                lose(simulation, true);
                simulation.run_until(UNNOTICED, |simulation| simulation.is_online());
                let now = simulation.address();
                assert!(
                    now.is_some() && now != before,
                    "another address than {before:?}: {now:?} at {:?}",
                    simulation.now()
                );
            }
            Plot::ForgottenFlows => {
                self.wait_for(simulation, Step::Online, |_| false);
                simulation.lan.router.forget_flows();
                lose(simulation, true);
            }
        }
    }

    /// Runs until the Cloud has seen it; at the last step, until the device is online.
    fn wait_for(&self, simulation: &mut Simulation, step: Step, seen: impl Fn(&CloudSaw) -> bool) {
        let happens = simulation.run_until(HOUR, |simulation| match step {
            Step::Online => simulation.is_online(),
            _ => simulation.cloud().drain_events().iter().any(|event| seen(&event.what)),
        });
        assert!(happens, "{}: it never gets to {step}: {:#?}", self.name, simulation.happened());
    }
}

/// Runs until the device knows that its link is gone, if it had one.
fn lose(simulation: &mut Simulation, had: bool) {
    let lost = simulation.run_until(UNNOTICED, |simulation| !simulation.is_online());
    assert!(lost || !had, "the link is gone, and the device does not notice");
}

fn answered(step: Step, saw: &CloudSaw) -> bool {
    match step {
        Step::Claim => matches!(saw, CloudSaw::Claimed { .. }),
        Step::Env => matches!(saw, CloudSaw::Env { .. }),
        Step::Challenge => matches!(saw, CloudSaw::Challenged),
        Step::Password => matches!(saw, CloudSaw::Authenticated),
        Step::Connect => matches!(saw, CloudSaw::Connected),
        Step::Announce => matches!(saw, CloudSaw::Reachable { .. }),
        _ => unreachable!("the Cloud does not tell"),
    }
}

/// All of them, in the order of the table.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let good = Setup::default();
    let with = |faults: Faults| Setup { faults, ..Setup::default() };
    let cable = || good.faults.clone();
    let mut all = Vec::new();
    let mut add = |name: String, setup: Setup, plot| all.push(Scenario { name, setup, plot });

    add("no fault".to_owned(), good.clone(), Plot::Nothing);
    for loss in [1_u8, 5, 10, 20, 30] {
        add(format!("loss {loss} %"), with(Faults { loss: f64::from(loss) / 100.0, ..cable() }), Plot::Nothing);
    }
    let hold = Duration::from_millis(50);
    add("reordering 20 %".to_owned(), with(Faults { reorder: 0.2, hold, ..cable() }), Plot::Nothing);
    add("duplicates 20 %".to_owned(), with(Faults { duplicate: 0.2, ..cable() }), Plot::Nothing);
    add("corruption 10 %".to_owned(), with(Faults { corrupt: 0.1, ..cable() }), Plot::Nothing);
    let mixed = Faults { loss: 0.1, reorder: 0.1, duplicate: 0.1, hold, ..cable() };
    add("loss, reordering, duplicates 10 %".to_owned(), with(mixed.clone()), Plot::Nothing);
    let satellite = Faults { latency: Duration::from_millis(600), jitter: Duration::from_millis(200), ..cable() };
    add("latency 600 ms, jitter 200 ms".to_owned(), with(satellite), Plot::Nothing);
    add("9600 bits a second".to_owned(), with(Faults { bandwidth: Some(9_600), ..cable() }), Plot::Nothing);
    let mut narrow = with(Faults { mtu: 576, ..cable() });
    narrow.router.mtu = 576;
    add("MTU 576".to_owned(), narrow, Plot::Nothing);

    let behind = |kind, faults: Faults| {
        let credentials = Some(("alice".to_owned(), "hunter2".to_owned()));
        let proxy = Some(aclk_proxy::Config { credentials, ..aclk_proxy::Config::new(kind) });
        Setup { proxy, faults, ..Setup::default() }
    };
    for (name, kind) in [("HTTP", Kind::Http), ("SOCKS", Kind::Socks)] {
        add(format!("{name} proxy"), behind(kind, cable()), Plot::Nothing);
        add(format!("{name} proxy, loss 20 %"), behind(kind, Faults { loss: 0.2, ..cable() }), Plot::Nothing);
        add(format!("{name} proxy, Cloud restarts at password"), behind(kind, cable()), Plot::Restart(Step::Password));
    }

    let start = aclk_core::clock::Instant::START;
    let late = Faults { down: std::iter::once(start..start + OUTAGE).collect(), ..cable() };
    add("link down for 30 s at power-on".to_owned(), with(late), Plot::Nothing);
    let moments =
        [Step::Claim, Step::Env, Step::Challenge, Step::Password, Step::Connect, Step::Announce, Step::Online];
    for step in moments {
        add(format!("link down for 30 s at {step}"), good.clone(), Plot::Outage(step));
    }

    let mut short = good.clone();
    short.router.dhcp.lease = Duration::from_secs(60);
    add("another address".to_owned(), short, Plot::NewAddress);
    add("router forgets connections".to_owned(), good.clone(), Plot::ForgottenFlows);
    let mut silent = good.clone();
    silent.router.nat.strays = aclk_lan::Strays::Silent;
    add("router forgets connections, silently".to_owned(), silent, Plot::ForgottenFlows);

    for step in Step::ALL.into_iter().filter(|step| *step != Step::Tls) {
        add(format!("Cloud restarts at {step}"), good.clone(), Plot::Restart(step));
    }
    for step in [Step::Claim, Step::Password, Step::Online] {
        add(format!("10 % of all three, Cloud restarts at {step}"), with(mixed.clone()), Plot::Restart(step));
    }
    add("10 % of all three, link down at online".to_owned(), with(mixed), Plot::Outage(Step::Online));
    all
}
