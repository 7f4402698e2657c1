//! A directory that loses power.
//!
//! It keeps apart what a running system sees and what is durable: content is durable after `sync`, names are after
//! `sync_names`. After a crash every combination of what a file system may have written anyway is possible.

use super::disk::{Content, Disk};
use super::error::{Problem, Verb};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

#[derive(Debug, Clone)]
struct Inode {
    written: Vec<u8>,
    durable: Vec<u8>,
    mode: u32,
}

#[derive(Debug, Clone)]
enum Change {
    Link(String, usize),
    Rename(String, String, usize),
    Remove(String),
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Link(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            Self::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

/// What happens at the chosen step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The process ends: this step and all later ones do nothing.
    Crash(usize),
    /// This step fails, later ones work.
    Error(usize),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    unsynced: Vec<Change>,
    steps: usize,
    trouble: Option<Trouble>,
}

impl Model {
    /// A directory with these files, all durable.
    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let mut model = Self::default();
        for (name, content) in files {
            let inode = model.inodes.len();
            model.inodes.push(Inode {
                written: content.as_bytes().into(),
                durable: content.as_bytes().into(),
                mode: 0o600,
            });
            model.names.insert((*name).to_owned(), inode);
        }
        model.durable_names = model.names.clone();
        model
    }

    pub(super) fn expect(&mut self, trouble: Trouble) {
        self.steps = 0;
        self.trouble = Some(trouble);
    }

    /// Steps taken so far.
    pub(super) const fn steps(&self) -> usize {
        self.steps
    }

    /// Name and content of every file.
    pub(super) fn files(&self) -> BTreeMap<&str, &[u8]> {
        self.names.iter().map(|(name, inode)| (name.as_str(), self.inodes[*inode].written.as_slice())).collect()
    }

    /// The whole state, for comparison.
    pub(super) fn snapshot(&self) -> BTreeMap<String, (Vec<u8>, u32)> {
        let inode = |inode: &usize| (self.inodes[*inode].written.clone(), self.inodes[*inode].mode);
        self.names.iter().map(|(name, number)| (name.clone(), inode(number))).collect()
    }

    /// Rights of every file, removed ones included, that contains `needle`.
    pub(super) fn modes_of(&self, needle: &[u8]) -> Vec<u32> {
        let holds = |inode: &&Inode| inode.written.windows(needle.len()).any(|window| window == needle);
        self.inodes.iter().filter(holds).map(|inode| inode.mode).collect()
    }

    /// Every state that may be found after the crash: that of a killed process, and those of a power cut.
    pub(super) fn survivors(&self) -> Vec<Self> {
        let mut survivors = vec![self.survivor(&self.names, |inode| inode.written.clone())];
        for subset in 0..1_u32 << self.unsynced.len() {
            let mut names = self.durable_names.clone();
            for (index, change) in self.unsynced.iter().enumerate() {
                if subset & 1 << index != 0 {
                    change.apply(&mut names);
                }
            }
            survivors.push(self.survivor(&names, |inode| inode.durable.clone()));
            survivors.push(self.survivor(&names, |inode| inode.written.clone()));
            survivors.push(self.survivor(&names, |inode| {
                let half = inode.durable.len() + (inode.written.len() - inode.durable.len()) / 2;
                inode.written[..half].to_vec()
            }));
        }
        survivors
    }

    fn survivor(&self, names: &BTreeMap<String, usize>, content: impl Fn(&Inode) -> Vec<u8>) -> Self {
        let inodes = self.inodes.iter().map(|inode| {
            let content = content(inode);
            Inode { written: content.clone(), durable: content, mode: inode.mode }
        });
        Self {
            inodes: inodes.collect(),
            names: names.clone(),
            durable_names: names.clone(),
            unsynced: Vec::new(),
            steps: 0,
            trouble: None,
        }
    }

    fn step(&mut self, verb: Verb) -> Result<(), Problem> {
        let step = self.steps;
        self.steps += 1;
        let hit = match self.trouble {
            Some(Trouble::Crash(at)) => step >= at,
            Some(Trouble::Error(at)) => step == at,
            None => false,
        };
        if hit { Err(Problem::Failed { verb, words: "no space left on device".to_owned() }) } else { Ok(()) }
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.unsynced.push(change);
    }
}

impl Disk for &mut Model {
    type File = usize;

    fn read(&self, name: &str, limit: usize) -> Result<Option<Content>, Problem> {
        let Some(inode) = self.names.get(name) else { return Ok(None) };
        let content = &self.inodes[*inode].written;
        if content.len() > limit { Err(Problem::TooLarge { limit }) } else { Ok(Some(Zeroizing::new(content.clone()))) }
    }

    fn create(&mut self, name: &str, mode: u32) -> Result<usize, Problem> {
        self.step(Verb::Write)?;
        assert!(!self.names.contains_key(name), "{name} is there already");
        let inode = self.inodes.len();
        self.inodes.push(Inode { written: Vec::new(), durable: Vec::new(), mode });
        self.change(Change::Link(name.to_owned(), inode));
        Ok(inode)
    }

    fn write(&mut self, file: &mut usize, bytes: &[u8]) -> Result<(), Problem> {
        self.step(Verb::Write)?;
        self.inodes[*file].written.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self, file: &mut usize) -> Result<(), Problem> {
        self.step(Verb::Sync)?;
        self.inodes[*file].durable = self.inodes[*file].written.clone();
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Problem> {
        self.step(Verb::Write)?;
        let inode = self.names[from];
        self.change(Change::Rename(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<bool, Problem> {
        self.step(Verb::Remove)?;
        let found = self.names.contains_key(name);
        if found {
            self.change(Change::Remove(name.to_owned()));
        }
        Ok(found)
    }

    fn sync_names(&mut self) -> Result<(), Problem> {
        self.step(Verb::Sync)?;
        self.durable_names = self.names.clone();
        self.unsynced.clear();
        Ok(())
    }
}
