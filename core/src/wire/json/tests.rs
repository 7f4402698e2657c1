//! Documents as servers send them, and as they should not.

mod reading;
mod wellformed;
mod writing;
