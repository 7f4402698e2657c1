//! Where the linker finds the memory of the board, and when this was built.

fn main() {
    aclk_board_build::cortex_m("memory.x");
    aclk_board_build::time();
}
