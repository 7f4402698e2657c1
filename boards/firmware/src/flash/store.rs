//! The flash as the store that the link asks for.

use super::records::{Ordered, PrivateKey};
use super::{ClaimOrder, FlashError, FlashStore};
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::identity::pem::PrivateDer;
use aclk_core::secret::Secret;
use aclk_core::store::{Record, Saved, Store};
use embedded_storage_async::nor_flash::NorFlash;

impl<F: NorFlash> Store for FlashStore<F> {
    type Error = FlashError;

    async fn load(&mut self) -> Result<Saved, FlashError> {
        Ok(self.state().await?.saved)
    }

    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, FlashError> {
        match self.get::<PrivateKey>().await? {
            Some(PrivateKey(Some(key))) => key.to_pem().map(Some).map_err(|_| FlashError::Damaged),
            _ => Ok(None),
        }
    }

    async fn save(&mut self, record: Record<'_>) -> Result<(), FlashError> {
        let before = match record {
            Record::Key { private_pem, .. } => {
                let key = PrivateDer::read(private_pem.expose()).map_err(|_| FlashError::Key)?;
                return self.put(&PrivateKey(Some(key))).await;
            }
            _ => self.state().await?,
        };
        let mut state = before.clone();
        match record {
            Record::Key { .. } => {}
            Record::Pending(claim) => state.saved.pending = Some(claim.clone()),
            Record::Refused => state.saved.pending = None,
            Record::Node(id) => state.saved.node = Some(id),
            Record::Claimed(claim) => {
                let ordered = self.get::<Ordered>().await?;
                state.spent = ordered.as_ref().map_or(state.spent, |ordered| ordered.number);
                state.saved = Saved { claimed: Some(claim.clone()), pending: None, node: None };
                self.put(&state).await?;
                if let Some(Ordered { number, order }) = ordered
                    && !order.token.is_empty()
                {
                    // It counts no longer. That it is also overwritten once its page is erased is worth no failure.
                    let _ = self.put(&Ordered { number, order: ClaimOrder::default() }).await;
                }
                return Ok(());
            }
        }
        if state == before { Ok(()) } else { self.put(&state).await }
    }
}
