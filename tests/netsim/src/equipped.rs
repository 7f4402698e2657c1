//! The device with a flash and a serial console: what a board is but for its Ethernet and its clock.

use crate::device::{BUILD_UNIX_SECONDS, Bench, Diary, KEY_PEM, Room, VALUES, Writer};
use crate::tasks::as_tasks;
use crate::watch::{Cable, Place, at, outside};
use aclk_core::clock::Clock;
use aclk_core::driver::Observer;
use aclk_core::engine::event::Event;
use aclk_core::identity::key::{CIPHERTEXT_LEN, Key, KeyError, PLAINTEXT_MAX, PRIVATE_PEM_MAX, Progress, PublicPem};
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::{self, Facts};
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::Settings;
use aclk_core::store::{Record, Saved, Store};
use aclk_core::tls::anchor;
use aclk_firmware::console::{Desk, console};
use aclk_firmware::flash::{AnchorList, AnchorMemory, FlashStore};
use aclk_firmware::local_api::PORT;
use aclk_firmware::{
    BoardDevice, Counters, DeviceClock, Ended, Equipment, Guarded, Memory, Product, SOCKETS, run_from_flash,
};
use aclk_lan::DeviceEnd;
use chacha20::ChaCha20Rng;
use core::convert::Infallible;
use core::future::poll_fn;
use core::pin::pin;
use core::task::{Poll, Waker};
use embassy_futures::select::{Either, select};
use embassy_net::{Config, DhcpConfig, StackResources};
use embedded_io_async::{ErrorType, Read, Write};
use embedded_storage_async::nor_flash::{NorFlash, NorFlashErrorKind, ReadNorFlash};
use rand_core::{CryptoRng, SeedableRng};
use rustls_pki_types::CertificateDer;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// Pages of the flash.
const PAGES: usize = 4;

/// What stays when the power is cut: the flash, and the person at the other end of the serial line.
#[derive(Debug, Clone)]
pub(crate) struct Equipped {
    pub(crate) flash: Ram,
    pub(crate) line: Serial,
    /// How often the device was switched on or has rebooted.
    pub(crate) starts: Rc<Cell<u32>>,
}

impl Equipped {
    /// A device whose flash trusts `authority`, and has a key if it is given one.
    pub(crate) fn new(authority: &CertificateDer<'_>, has_key: bool) -> Self {
        let flash = Ram(Rc::new(RefCell::new(vec![0xff; PAGES * Ram::ERASE_SIZE])));
        let mut store = flash.store();
        let anchors = AnchorList([anchor(authority).expect("an authority")].into_iter().collect());
        embassy_futures::block_on(store.set_anchors(&anchors)).expect("the flash is new");
        if has_key {
            let private_pem = &Secret::copy_of(KEY_PEM.as_bytes()).expect("the fixture fits");
            let record = Record::Key { private_pem, public_pem: &PublicPem::new() };
            embassy_futures::block_on(store.save(record)).expect("the flash is new");
        }
        Self { flash, line: Serial::default(), starts: Rc::default() }
    }
}

/// A NOR flash in memory.
#[derive(Debug, Clone)]
pub(crate) struct Ram(Rc<RefCell<Vec<u8>>>);

impl Ram {
    fn store(&self) -> FlashStore<Self> {
        let end = self.0.borrow().len() as u32;
        FlashStore::new(self.clone(), 0..end).expect("the range is right")
    }
}

impl embedded_storage_async::nor_flash::ErrorType for Ram {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Ram {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let offset = offset as usize;
        bytes.copy_from_slice(&self.0.borrow()[offset..offset + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.borrow().len()
    }
}

impl NorFlash for Ram {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.0.borrow_mut()[from as usize..to as usize].fill(0xff);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let mut flash = self.0.borrow_mut();
        flash[offset as usize..].iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}

/// A serial line: what is typed, and what is on the screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Serial(Rc<Ends>);

#[derive(Debug, Default)]
struct Ends {
    keys: RefCell<VecDeque<u8>>,
    screen: RefCell<Vec<u8>>,
    reader: RefCell<Option<Waker>>,
}

impl Serial {
    pub(crate) fn types(&self, text: &str) {
        self.0.keys.borrow_mut().extend(text.bytes());
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }

    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.0.screen.borrow()).into_owned()
    }
}

impl ErrorType for Serial {
    type Error = Infallible;
}

impl Read for Serial {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|cx| {
            let mut keys = self.0.keys.borrow_mut();
            let len = keys.len().min(buffer.len());
            if len == 0 {
                self.0.reader.replace(Some(cx.waker().clone()));
                return Poll::Pending;
            }
            buffer.iter_mut().zip(keys.drain(..len)).for_each(|(slot, key)| *slot = key);
            Poll::Ready(Ok(len))
        })
        .await
    }
}

impl Write for Serial {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        outside(|| self.0.screen.borrow_mut().extend_from_slice(bytes));
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Tells the diary and the console.
struct Both<'d>(Writer<'d>, &'d Desk);

impl Observer for Both<'_> {
    fn event(&mut self, event: &Event<'_>) {
        self.0.event(event);
        self.1.event(event);
    }

    fn key_progress(&mut self, progress: Progress) {
        self.1.key_progress(progress);
    }
}

/// A key that says when it is at work.
struct Watched(SoftwareKey);

impl Key for Watched {
    fn is_present(&self) -> bool {
        self.0.is_present()
    }

    fn generate_step(&mut self, rng: &mut dyn CryptoRng) -> Result<Progress, KeyError> {
        at(Place::Key, || self.0.generate_step(rng))
    }

    fn public_pem(&self) -> Result<PublicPem, KeyError> {
        at(Place::Key, || self.0.public_pem())
    }

    fn decrypt(
        &self,
        ciphertext: &[u8; CIPHERTEXT_LEN],
        rng: &mut dyn CryptoRng,
    ) -> Result<Secret<PLAINTEXT_MAX>, KeyError> {
        at(Place::Key, || self.0.decrypt(ciphertext, rng))
    }

    fn private_pem(&self) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError> {
        at(Place::Key, || self.0.private_pem())
    }

    fn import_pem(&mut self, pem: &[u8]) -> Result<(), KeyError> {
        at(Place::Key, || self.0.import_pem(pem))
    }

    fn forget(&mut self) {
        at(Place::Key, || self.0.forget());
    }
}

/// Switches the device on, and again whenever it reboots.
pub(crate) async fn run(
    ethernet: DeviceEnd,
    seed: u64,
    settings: Settings,
    bench: Equipped,
    time_server: &'static str,
    diary: Diary,
) {
    let build_unix_seconds = BUILD_UNIX_SECONDS;
    let Settings { url, hostname, proxy, no_proxy, timing, limits, .. } = settings;
    let product = Product {
        url,
        hostname,
        order: None,
        proxy: proxy.map(|proxy| &*Box::leak(Box::new(proxy))),
        no_proxy,
        timing,
        limits,
        build_unix_seconds,
        time_server: Some(time_server),
        local_api: Some(PORT),
    };
    let mut ethernet = ethernet;
    loop {
        bench.starts.set(bench.starts.get() + 1);
        let seed = seed ^ (u64::from(bench.starts.get()) << 32);
        let (clock, counters, desk) = (DeviceClock::new(BUILD_UNIX_SECONDS), Counters::new(), Desk::new());
        let mut memory = Box::new(Memory::new());
        let mut anchors = AnchorMemory::new();
        let mut samples = Box::new([0.0; VALUES]);
        let facts = Facts { os: "firmware", architecture: "netsim", cpus: 1, ..Facts::default() };
        let measured = BoardDevice::new(facts, Bench::default(), Room, &clock, &counters, &mut samples);
        let node = RefCell::new(Node::new(measured, &product.settings(), &Saved::default(), clock.now()));
        let node: &RefCell<Node<dyn metrics::Device + '_>> = &node;
        let equipment = Equipment {
            store: &mut bench.flash.store(),
            anchors: &mut anchors,
            key: &mut Watched(SoftwareKey::new()),
            rng: &mut ChaCha20Rng::seed_from_u64(seed),
            clock: &clock,
            observer: &mut Both(Writer { clock: &clock, diary: diary.clone() }, &desk),
            desk: &desk,
            node,
            counters: &counters,
        };
        let mut resources = StackResources::<SOCKETS>::new();
        let config = Config::dhcpv4(DhcpConfig::default());
        let guarded = Guarded::new(Cable(&mut ethernet), &counters);
        let (stack, mut runner) = embassy_net::new(guarded, config, &mut resources, seed);
        let application = async {
            let person = console(bench.line.clone(), bench.line.clone(), &desk, node, &clock);
            match select(run_from_flash(stack, &mut memory, equipment, &product), person).await {
                Either::First(Ended::Reboot) | Either::Second(()) => {}
            }
        };
        as_tasks(pin!(runner.run()), pin!(application)).await;
    }
}
