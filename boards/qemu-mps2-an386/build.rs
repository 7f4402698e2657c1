//! Where the linker finds the memory of the board, and when this was built.

fn main() {
    println!("cargo::rerun-if-env-changed=ACLK_MAP");
    // An image with calls for panics does not fit, and shows where they are: nothing is left out or joined there.
    if std::env::var_os("ACLK_MAP").is_some_and(|map| map == "larger") {
        aclk_board_build::cortex_m("larger.x");
    } else {
        aclk_board_build::cortex_m("memory.x");
        // Functions with the same code become one. Nothing compares functions; tables that are compared, as those of wakers
        // are, are data, which stays apart.
        println!("cargo::rustc-link-arg-bins=--icf=all");
    }
    // src/interrupts.rs has the table.
    aclk_board_build::own_interrupts();
    aclk_board_build::time();
}
