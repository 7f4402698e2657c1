//! Where the linker finds the memory of the board, and when this was built.

fn main() {
    aclk_board_build::cortex_m("memory.x");
    // src/interrupts.rs has the table.
    aclk_board_build::own_interrupts();
    aclk_board_build::time();
}
