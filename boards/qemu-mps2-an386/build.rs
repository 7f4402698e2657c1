//! Where the linker finds the memory of the board, and when this was built.

fn main() {
    aclk_board_build::cortex_m("memory.x");
    // src/interrupts.rs has the table.
    aclk_board_build::own_interrupts();
    aclk_board_build::time();
    // Functions with the same code become one. Nothing compares functions; tables that are compared, as those of wakers are,
    // are data, which stays apart.
    println!("cargo::rustc-link-arg-bins=--icf=all");
}
