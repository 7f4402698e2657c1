//! One life of the device: an engine, and the settings that it borrows. Both end together.

use aclk_core::clock::Now;
use aclk_core::engine::Agent;
use aclk_core::engine::event::{Input, Output};
use aclk_core::settings::Settings;
use self_cell::self_cell;

type Engine<'s> = Agent<'s, Vec<u8>>;

self_cell!(
    struct Cell {
        owner: Settings,
        #[covariant]
        dependent: Engine,
    }
);

/// Is told `true` right before the engine is called, and `false` right after.
pub type Watch = fn(bool);

/// An engine with its settings.
pub(crate) struct Life {
    cell: Cell,
    watch: Watch,
}

impl Life {
    /// The engine that `make` makes with `settings`.
    pub(crate) fn new(settings: Settings, make: impl FnOnce(&Settings) -> Engine<'_>, watch: Watch) -> Self {
        Self { cell: Cell::new(settings, |settings| make(settings)), watch }
    }

    pub(crate) const fn set_watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    pub(crate) fn engine(&self) -> &Engine<'_> {
        self.cell.borrow_dependent()
    }

    pub(crate) fn handle(&mut self, now: Now, input: Input<'_>) {
        let watch = self.watch;
        self.cell.with_dependent_mut(|_, engine| {
            watch(true);
            engine.handle(now, input);
            watch(false);
        });
    }

    pub(crate) fn receive(&mut self, now: Now, bytes: &[u8]) -> usize {
        let watch = self.watch;
        self.cell.with_dependent_mut(|_, engine| {
            watch(true);
            let taken = engine.receive(now, bytes);
            watch(false);
            taken
        })
    }

    /// What to do next, made into something that borrows nothing by `take`.
    pub(crate) fn poll<T>(&mut self, take: impl FnOnce(Output<'_>) -> T) -> T {
        let watch = self.watch;
        self.cell.with_dependent_mut(|_, engine| {
            watch(true);
            let output = engine.poll();
            watch(false);
            take(output)
        })
    }
}
