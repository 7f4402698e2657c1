//! Where the linker finds the memory of the board, and when this was built.

fn main() {
    println!("cargo::rerun-if-env-changed=ACLK_MAP");
    // An image that does not fit is linked all the same if somebody wants to know why.
    let is_larger = std::env::var_os("ACLK_MAP").is_some_and(|map| map == "larger");
    aclk_board_build::cortex_m(if is_larger { "larger.x" } else { "memory.x" });
    // src/interrupts.rs has the table.
    aclk_board_build::own_interrupts();
    aclk_board_build::time();
}
