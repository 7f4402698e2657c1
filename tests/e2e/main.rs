//! End to end: the program `aclk` itself, over real TCP and TLS, against the emulated Cloud and other people's programs.
//!
//! These are tests of the package `aclk`, so that cargo hands them the program as it is now.

mod support;

mod admin;
mod claim;
mod cloud;
mod container;
mod crash;
mod daemon;
mod demo;
mod doctor;
mod fleet;
mod install;
mod link;
mod local_api;
mod metrics;
mod names;
mod page;
mod peers;
mod promises;
mod provision;
mod proxy;
mod secrets;
mod socket;
mod sources;
mod tap;
mod unclaim;
mod users;
mod without_cloud;
