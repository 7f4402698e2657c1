//! The flash as the store that the link asks for.

use super::records::{self, Order, OrderMark, PrivateKey, PrivatePem, Record as _, State};
use super::{FlashError, FlashStore};
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::identity::pem::PrivateDer;
use aclk_core::secret::Secret;
use aclk_core::store::{Claim, Record, Saved, Store};
use embedded_storage_async::nor_flash::NorFlash;
use zeroize::Zeroize;

impl<F: NorFlash> Store for FlashStore<F> {
    type Error = FlashError;

    async fn load(&mut self) -> Result<Saved, FlashError> {
        Ok(self.state().await?.saved)
    }

    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, FlashError> {
        let found = match self.read(PrivateKey::SLOT).await {
            Ok(Some(bytes)) => pem(bytes),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        self.buffer.0.zeroize();
        found
    }

    async fn save(&mut self, record: Record<'_>) -> Result<(), FlashError> {
        if let Record::Key { private_pem, .. } = record {
            let pem = private_pem.expose();
            check(pem)?;
            return self.put(&PrivatePem(Some(pem))).await;
        }
        let ordered = match record {
            Record::Claimed(_) => self.get::<OrderMark>().await?,
            _ => None,
        };
        let mut state = self.state().await?;
        if note(&mut state, record, ordered) {
            self.put(&state).await?;
        }
        if let Some(OrderMark { number, has_token: true }) = ordered {
            // It counts no longer. That it is also overwritten once its page is erased is worth no failure.
            let _ = self.put(&Order { number, order: None }).await;
        }
        Ok(())
    }
}

/// Whether a key can be read.
// Not a part of the caller, which waits for the flash with its stack.
#[inline(never)]
fn check(pem: &[u8]) -> Result<(), FlashError> {
    match &PrivateDer::read(pem) {
        Ok(_) => Ok(()),
        Err(_) => Err(FlashError::Key),
    }
}

/// The key in a record, as PEM.
#[inline(never)]
fn pem(bytes: &[u8]) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, FlashError> {
    let PrivateKey(key) = records::decode(bytes).ok_or(FlashError::Damaged)?;
    let Some((form, der)) = key else { return Ok(None) };
    let der = Secret::copy_of(der).map_err(|_| FlashError::Damaged)?;
    PrivateDer { form, der }.to_pem().map(Some).map_err(|_| FlashError::Damaged)
}

/// Takes note of `record`, and of the order that is over and done with by it. Whether that changes anything.
fn note(state: &mut State, record: Record<'_>, ordered: Option<OrderMark>) -> bool {
    let State { saved, spent, .. } = state;
    match record {
        Record::Key { .. } => false,
        Record::Pending(claim) => replace(&mut saved.pending, Some(claim)),
        Record::Refused => replace(&mut saved.pending, None),
        Record::Node(id) => saved.node.replace(id) != Some(id),
        Record::Claimed(claim) => {
            *spent = ordered.map_or(*spent, |order| order.number);
            replace(&mut saved.claimed, Some(claim));
            (saved.pending, saved.node) = (None, None);
            true
        }
    }
}

/// Puts `new` in place of `old`. Whether it is something else.
fn replace(old: &mut Option<Claim>, new: Option<&Claim>) -> bool {
    let is_new = old.as_ref() != new;
    if is_new {
        *old = new.cloned();
    }
    is_new
}
