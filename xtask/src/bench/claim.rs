//! A claim, beside one with curl and openssl: in turns, at the same Cloud, in the same minute. Both make a key pair.

use super::Programs;
use super::figures::{Figures, median};
use super::worlds::{Took, claim_arguments, fresh, take};
use crate::firmware::emulated_cloud::Cloud;
use crate::process::{Problem, is_installed, root};
use std::path::Path;

const SCRIPT: &str = "xtask/src/bench/claim.sh";

pub(super) fn measure(figures: &mut Figures, programs: &Programs, pairs: usize) -> Result<(), Problem> {
    if !is_installed("curl") || !is_installed("openssl") {
        println!("skipped: a claim needs curl and openssl to be compared with");
        return Ok(());
    }
    let cloud = Cloud::of_program(&programs.full, "")?;
    let (mut script, mut ours) = (Vec::new(), Vec::new());
    for pair in 1..=pairs {
        let folder = fresh("script", &cloud)?;
        let room = cloud.rooms.split(',').next().unwrap_or_default().to_owned();
        let text = |path: &Path| path.display().to_string();
        let arguments = [
            text(&root().join(SCRIPT)),
            text(&folder),
            cloud.url.clone(),
            cloud.token.clone(),
            room,
            text(&cloud.authority),
        ];
        script.push(take(programs, &folder, Path::new("sh"), &arguments)?);
        let folder = fresh("aclk", &cloud)?;
        ours.push(take(programs, &folder, &programs.small, &claim_arguments(&cloud))?);
        println!("pair {pair}: script {:?}, aclk {:?}", script.last(), ours.last());
    }
    figures.set("claim_pairs_count", pairs as u64);
    for (who, took) in [("script", script), ("aclk", ours)] {
        let middle = |of: fn(&Took) -> u64| median(took.iter().map(of).collect());
        figures.set(&format!("claim_{who}_wall_us"), middle(|took| took.wall_us));
        figures.set(&format!("claim_{who}_cpu_us"), middle(|took| took.cpu_us));
        figures.set(&format!("claim_{who}_peak_bytes"), middle(|took| took.peak_bytes));
    }
    Ok(())
}
