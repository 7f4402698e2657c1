//! What a power cut leaves behind, put right before anything else is done.
//!
//! sequential-storage 8.0 mends what was cut off while it wrote. An erase that was cut off leaves a page undefined, and there
//! it guesses: a page whose marks look erased is taken for blank, and after a page was emptied into the next one it may
//! erase the copy because the original seems to be there still. Here each page is looked at once, before the library sees it.

use super::error::FlashError;
use super::records::Slot;
use super::view::{Veil, View};
use super::{Buffer, fetch};
use core::ops::Range;
use embedded_storage_async::nor_flash::{NorFlash, NorFlashErrorKind};

/// Bytes that are looked at together.
const WINDOW: usize = 128;
/// Zero bits from which a mark counts as set, as sequential-storage has it.
const MARKED: u32 = 4;

/// How a page is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    /// Neither at its start nor at its end.
    Open,
    /// At its start: it is being filled.
    Filling,
    /// At both.
    Closed,
    /// At its end only: an erase was cut off.
    Torn,
}

/// Mends the store in `range` of `flash`.
pub(super) async fn mend<F>(flash: &mut F, range: &Range<u32>, buffer: &mut Buffer) -> Result<(), FlashError>
where
    F: NorFlash<Error = NorFlashErrorKind>,
{
    for page in pages::<F>(range) {
        let is_left_over = match state(flash, &page).await? {
            Page::Torn => true,
            Page::Open => !is_blank(flash, page.clone()).await?,
            Page::Filling | Page::Closed => false,
        };
        if is_left_over {
            flash.erase(page.start, page.end).await.map_err(FlashError::Driver)?;
        }
    }
    // The page behind the one that is being filled is the oldest. It is emptied into that one, and then erased.
    for page in pages::<F>(range) {
        let next = behind::<F>(range, &page);
        if state(flash, &page).await? == Page::Filling && state(flash, &next).await? == Page::Filling {
            flash.erase(next.start, next.end).await.map_err(FlashError::Driver)?;
            break;
        }
    }
    for page in pages::<F>(range) {
        let next = behind::<F>(range, &page);
        if state(flash, &page).await? == Page::Filling
            && state(flash, &next).await? == Page::Closed
            && is_superseded(flash, range, &next, buffer).await?
        {
            flash.erase(next.start, next.end).await.map_err(FlashError::Driver)?;
            break;
        }
    }
    Ok(())
}

/// The pages of `range`.
fn pages<F: NorFlash>(range: &Range<u32>) -> impl Iterator<Item = Range<u32>> + use<F> {
    let size = erase_size::<F>();
    let step = usize::try_from(size).unwrap_or(usize::MAX).max(1);
    range.clone().step_by(step).map(move |start| start..start.saturating_add(size))
}

/// The page after `page`, the first one after the last.
fn behind<F: NorFlash>(range: &Range<u32>, page: &Range<u32>) -> Range<u32> {
    let start = if page.end < range.end { page.end } else { range.start };
    start..start.saturating_add(erase_size::<F>())
}

fn erase_size<F: NorFlash>() -> u32 {
    u32::try_from(F::ERASE_SIZE).unwrap_or(u32::MAX)
}

/// Whether everything that `page` still holds is elsewhere too, where it is newer or the same.
async fn is_superseded<F>(
    flash: &mut F,
    range: &Range<u32>,
    page: &Range<u32>,
    buffer: &mut Buffer,
) -> Result<bool, FlashError>
where
    F: NorFlash<Error = NorFlashErrorKind>,
{
    for slot in Slot::ALL {
        let mut is_in = async |inside| {
            let view = View { flash: &mut *flash, veil: Some(Veil { page: page.clone(), inside }) };
            Ok::<_, FlashError>(fetch(view, range, slot, buffer).await?.is_some())
        };
        if is_in(false).await? && !is_in(true).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn state<F>(flash: &mut F, page: &Range<u32>) -> Result<Page, FlashError>
where
    F: NorFlash<Error = NorFlashErrorKind>,
{
    let mut is_marked = async |offset| {
        let mut word = [0xff; WINDOW];
        let word = word.get_mut(..F::READ_SIZE).ok_or(FlashError::Range)?;
        flash.read(offset, word).await.map_err(FlashError::Driver)?;
        Ok::<_, FlashError>(word.iter().map(|byte| byte.count_zeros()).sum::<u32>() >= MARKED)
    };
    let read = u32::try_from(F::READ_SIZE).unwrap_or(u32::MAX);
    Ok(match (is_marked(page.start).await?, is_marked(page.end.saturating_sub(read)).await?) {
        (false, false) => Page::Open,
        (true, false) => Page::Filling,
        (true, true) => Page::Closed,
        (false, true) => Page::Torn,
    })
}

/// Whether all of `range` is erased.
pub(super) async fn is_blank<F>(flash: &mut F, range: Range<u32>) -> Result<bool, FlashError>
where
    F: NorFlash<Error = NorFlashErrorKind>,
{
    let mut is_blank = true;
    each_window(flash, range, |bytes| is_blank &= bytes.iter().all(|byte| *byte == 0xff)).await?;
    Ok(is_blank)
}

/// Shows all of `range`, a window at a time.
pub(super) async fn each_window<F>(
    flash: &mut F,
    range: Range<u32>,
    mut look: impl FnMut(&[u8]),
) -> Result<(), FlashError>
where
    F: NorFlash<Error = NorFlashErrorKind>,
{
    const STEP: u32 = WINDOW as u32;
    let mut at = range.start;
    while at < range.end {
        let mut window = [0; WINDOW];
        let len = STEP.min(range.end - at);
        let bytes = window.get_mut(..usize::try_from(len).unwrap_or(WINDOW)).unwrap_or_default();
        flash.read(at, bytes).await.map_err(FlashError::Driver)?;
        look(bytes);
        at = at.saturating_add(len);
    }
    Ok(())
}
