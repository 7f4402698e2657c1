//! Documents as servers send them, and as they should not.

mod by_hand;
mod reading;
mod wellformed;
mod writing;
