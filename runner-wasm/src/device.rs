//! The device: the firmware application with a flash, a serial console and a network card.

mod board;
mod flash;
mod life;
mod outbox;
mod report;
mod serial;
mod settings;
mod steps;

use crate::executor::Task;
use crate::{clock, heap, random};
use aclk_core::wire::url::Url;
use aclk_firmware::flash::{FlashError, FlashStore};
use aclk_lan::{Jack, device_end};
use flash::Memory;
use outbox::Outbox;
use serial::Serial;
use settings::Settings;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// The hardware address: locally administered.
pub(crate) const MAC: [u8; 6] = [0x02, 0xde, 0x71, 0xce, 0x00, 0x01];
/// Bytes of an IP packet at most.
const MTU: usize = 1_500;
/// How often the device is polled in one step at most, so that its worker hears what it is told.
const POLLS: u32 = 32;

/// A device that is switched on. To drop it is to cut its power.
#[wasm_bindgen]
pub struct Device {
    task: Task,
    jack: Jack,
    line: Serial,
    flash: Memory,
    outbox: Outbox,
}

#[wasm_bindgen]
impl Device {
    /// Switches a device on. `settings` is a `DeviceSettings` of types.ts, `flash` what was in its flash when the power went
    /// (empty for a new one), `authority` the certificate that it trusts, as DER, and `url` that of the Cloud.
    ///
    /// # Errors
    /// If one of them makes no sense.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str, flash: &[u8], authority: &[u8], url: &str) -> Result<Self, JsError> {
        let settings = Settings::read(settings).map_err(|error| JsError::new(&error))?;
        let url = Url::parse(url).map_err(|error| JsError::new(&format!("the URL of the Cloud: {error}")))?;
        let rng = random::generator().map_err(JsError::new)?;
        let (flash, line, outbox) = (Memory::new(flash), Serial::default(), Outbox::default());
        let (ethernet, jack) = device_end(MAC, MTU);
        let birth = life::Birth {
            ethernet,
            rng,
            flash: flash.clone(),
            line: line.to_machine(outbox.clone()),
            outbox: outbox.clone(),
            settings,
            authority: authority.to_vec(),
            url,
        };
        let task = Task::new(life::live(birth));
        Ok(Self { task, jack, line, flash, outbox })
    }

    /// Does what there is to do, and says in how many milliseconds it wants to be called again, if nothing happens before:
    /// 0 for at once, infinity for never.
    pub fn step(&mut self) -> f64 {
        if self.is_over() {
            // An alarm of its may still be set.
            return f64::INFINITY;
        }
        clock::ring();
        for _ in 0..POLLS {
            if !heap::inside(|| self.task.step()) {
                break;
            }
        }
        if self.task.is_due() { 0.0 } else { clock::ms_until(clock::next_alarm()) }
    }

    /// Whether it has ended itself, to be started anew.
    #[wasm_bindgen(getter, js_name = isOver)]
    pub fn is_over(&self) -> bool {
        self.task.is_over()
    }

    /// A frame arrives.
    pub fn receive(&self, frame: &[u8]) {
        self.jack.give(frame.to_vec());
    }

    /// A frame for the cable, if there is one.
    pub fn transmit(&self) -> Option<Vec<u8>> {
        self.jack.take()
    }

    /// The link comes up or goes down.
    #[wasm_bindgen(js_name = setLink)]
    pub fn set_link(&self, up: bool) {
        self.jack.set_link(up);
    }

    /// Somebody types at the serial console.
    #[wasm_bindgen(js_name = typeText)]
    pub fn type_text(&self, text: &str) {
        self.line.type_text(text);
    }

    /// Something to tell: a `FromDevice` of wire.ts, as JSON.
    pub fn told(&self) -> Option<String> {
        self.outbox.take()
    }

    /// A page of the flash that has changed since it was asked for last, by its number.
    #[wasm_bindgen(js_name = changedPage)]
    pub fn changed_page(&self) -> Option<u32> {
        self.flash.changed()
    }

    /// What is in a page of the flash.
    pub fn page(&self, number: u32) -> Vec<u8> {
        self.flash.page(number)
    }

    /// How often something was written to the flash since it was switched on.
    #[wasm_bindgen(getter)]
    pub fn writes(&self) -> u32 {
        self.flash.writes()
    }

    /// How often a page was erased since then.
    #[wasm_bindgen(getter)]
    pub fn erases(&self) -> u32 {
        self.flash.erases()
    }
}

/// The store in a flash whose image this is.
pub(crate) fn flash_store(image: &[u8]) -> Result<FlashStore<Memory>, FlashError> {
    FlashStore::new(Memory::new(image), Memory::range())
}
