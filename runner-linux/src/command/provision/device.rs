//! One device: what its row says, and its image.

use super::image::Image;
use super::table::{Row, Wrong};
use aclk_core::claim::request;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::{Key, KeyError, PRIVATE_PEM_MAX, PublicPem};
use aclk_core::identity::software::SoftwareKey;
use aclk_core::secret::Secret;
use aclk_core::store::{Claim, Record, Store};
use aclk_core::tls::anchor;
use aclk_core::wire::proxy::Proxy;
use aclk_core::wire::url::Url;
use aclk_firmware::flash::{ANCHORS_MAX, AnchorList, ClaimOrder, FlashError, FlashStore, Setup};
use embassy_futures::block_on;
use rand_core::CryptoRng;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::fs;
use std::path::Path;
use zeroize::Zeroizing;

/// How the key of a device comes about.
pub(super) enum KeySource {
    /// The device makes it when it is claimed.
    Device,
    /// It is made here.
    Generate,
    /// It is there already.
    Given(Secret<PRIVATE_PEM_MAX>),
}

/// What is written into the flash of one device.
pub(super) struct Provision {
    /// Its host name, which also is that of its file.
    pub(super) hostname: String,
    /// Its machine GUID.
    pub(super) guid: Guid,
    pub(super) key: KeySource,
    setup: Setup,
    order: Option<ClaimOrder>,
    claimed: Option<Claim>,
    anchors: Vec<CertificateDer<'static>>,
}

/// The geometry of the flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) pages: usize,
    pub(super) page: usize,
    pub(super) word: usize,
}

impl Geometry {
    /// Bytes of a page and of a word, as there are.
    pub(super) const KNOWN: [(usize, usize); 7] =
        [(4096, 1), (4096, 4), (4096, 8), (4096, 32), (16_384, 4), (131_072, 4), (131_072, 32)];
}

impl Provision {
    /// Checks a row. Paths in it are relative to `base`.
    pub(super) fn read(row: &Row, base: &Path, rng: &mut impl CryptoRng) -> Result<Self, Wrong> {
        let wrong = |cause: &dyn ToString| Wrong::new(row.line, cause.to_string());
        let hostname = row.get("hostname");
        if hostname.is_empty() {
            return Err(wrong(&"there is no hostname"));
        }
        // It becomes the name of a file.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if hostname.starts_with('.') || !hostname.chars().all(is_plain) {
            return Err(wrong(&"the hostname is not made of letters, digits, \"-\", \"_\" and \".\""));
        }
        let setup = Setup {
            hostname: hostname.try_into().map_err(|_| wrong(&"the hostname is too long"))?,
            proxy: match row.get("proxy") {
                "" => Secret::new(),
                url => {
                    Proxy::parse(url).map_err(|error| wrong(&format_args!("the proxy: {error}")))?;
                    Secret::copy_of(url.as_bytes()).map_err(|error| wrong(&format_args!("the proxy is {error}")))?
                }
            },
        };
        let url = match row.get("url") {
            "" => None,
            url => Some(Url::parse(url).map_err(|error| wrong(&format_args!("the url: {error}")))?),
        };
        let mut rooms = heapless::String::new();
        for room in request::rooms(row.get("rooms")) {
            let comma = if rooms.is_empty() { "" } else { "," };
            rooms.push_str(comma).and_then(|()| rooms.push_str(room)).map_err(|_| wrong(&"the rooms are too long"))?;
        }
        let claimed = match row.get("claimed") {
            "" => None,
            _ if !row.get("token").is_empty() || !rooms.is_empty() => {
                return Err(wrong(&"it is claimed already, and there are a token or rooms"));
            }
            _ if matches!(row.get("key"), "" | "generate") => {
                return Err(wrong(&"it is claimed already, and the key that it was claimed with is missing"));
            }
            text => {
                let id = Guid::parse(text).map_err(|error| wrong(&format_args!("the claimed id: {error}")))?;
                let url =
                    url.clone().ok_or_else(|| wrong(&"it is claimed already, and the url of its Cloud is missing"))?;
                Some(Claim { id, url })
            }
        };
        let order = match row.get("token") {
            "" if claimed.is_some() || url.is_none() && rooms.is_empty() => None,
            "" => return Err(wrong(&"there are rooms or a url, and no token")),
            token => {
                let token = Secret::copy_of(token.as_bytes());
                let token = token.map_err(|error| wrong(&format_args!("the token is {error}")))?;
                Some(ClaimOrder { token, rooms, url })
            }
        };
        let guid = match row.get("guid") {
            "" => Guid::random(rng),
            text => Guid::parse(text).map_err(|error| wrong(&format_args!("the guid: {error}")))?,
        };
        let file = |path: &str| {
            let path = base.join(path);
            fs::read(&path).map(Zeroizing::new).map_err(|error| wrong(&format_args!("{}: {error}", path.display())))
        };
        let key = match row.get("key") {
            "" => KeySource::Device,
            "generate" => KeySource::Generate,
            path => {
                let mut key = SoftwareKey::new();
                let pem = key.import_pem(&file(path)?).and_then(|()| key.private_pem());
                KeySource::Given(pem.map_err(|error| wrong(&format_args!("the key: {error}")))?)
            }
        };
        let anchors = match row.get("anchors") {
            "" => Vec::new(),
            path => certificates(&file(path)?).map_err(|cause| wrong(&format_args!("the anchors: {cause}")))?,
        };
        Ok(Self { hostname: hostname.to_owned(), guid, key, setup, order, claimed, anchors })
    }

    /// The flash of the device. `anchors` are whom it trusts if its row does not say.
    pub(super) fn image(
        &self,
        geometry: Geometry,
        anchors: &[CertificateDer<'_>],
        rng: &mut impl CryptoRng,
    ) -> Result<Zeroizing<Vec<u8>>, String> {
        let pem = match &self.key {
            KeySource::Device => None,
            KeySource::Given(pem) => Some(pem.clone()),
            KeySource::Generate => Some(generate(rng).map_err(|error| error.to_string())?),
        };
        let anchors = if self.anchors.is_empty() { anchors } else { &self.anchors };
        let list = anchors.iter().filter_map(|certificate| anchor(certificate).ok()).collect();
        let content = Content { provision: self, pem, anchors: AnchorList(list) };
        let pages = geometry.pages;
        let image = match (geometry.page, geometry.word) {
            (4096, 1) => content.write(Image::<4096, 1>::erased(pages)),
            (4096, 4) => content.write(Image::<4096, 4>::erased(pages)),
            (4096, 8) => content.write(Image::<4096, 8>::erased(pages)),
            (4096, 32) => content.write(Image::<4096, 32>::erased(pages)),
            (16_384, 4) => content.write(Image::<16_384, 4>::erased(pages)),
            (131_072, 4) => content.write(Image::<131_072, 4>::erased(pages)),
            (131_072, 32) => content.write(Image::<131_072, 32>::erased(pages)),
            _ => return Err("there is no flash of such pages and words here".to_owned()),
        };
        image.map_err(|error| error.to_string())
    }
}

/// What goes into an image.
struct Content<'p> {
    provision: &'p Provision,
    pem: Option<Secret<PRIVATE_PEM_MAX>>,
    anchors: AnchorList<'p>,
}

impl Content<'_> {
    fn write<const PAGE: usize, const WORD: usize>(
        &self,
        image: Image<PAGE, WORD>,
    ) -> Result<Zeroizing<Vec<u8>>, FlashError> {
        let Provision { guid, setup, order, claimed, .. } = self.provision;
        let end = u32::try_from(image.0.len()).map_err(|_| FlashError::Range)?;
        let mut store = FlashStore::new(image, 0..end)?;
        block_on(async {
            store.set_machine_guid(*guid).await?;
            store.set_up(setup).await?;
            if let Some(order) = order {
                store.order(order.clone()).await?;
            }
            if let Some(private_pem) = &self.pem {
                store.save(Record::Key { private_pem, public_pem: &PublicPem::new() }).await?;
            }
            if let Some(claim) = claimed {
                store.save(Record::Claimed(claim)).await?;
            }
            if !self.anchors.0.is_empty() {
                store.set_anchors(&self.anchors).await?;
            }
            Ok(store.into_flash().0)
        })
    }
}

fn generate(rng: &mut impl CryptoRng) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError> {
    let mut key = SoftwareKey::new();
    while !key.generate_step(rng)?.done {}
    key.private_pem()
}

/// The certificates of authorities in a PEM file, as many as a flash has room for.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut list = Vec::new();
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let number = index + 1;
        let certificate = certificate.map_err(|error| format!("certificate {number} is damaged: {error:?}"))?;
        anchor(&certificate).map_err(|error| format!("certificate {number}: {error}"))?;
        list.push(certificate);
    }
    match list.len() {
        0 => Err("there is no certificate in the file".to_owned()),
        1..=ANCHORS_MAX => Ok(list),
        many => Err(format!("{many} certificates, and a flash has room for {ANCHORS_MAX}")),
    }
}
