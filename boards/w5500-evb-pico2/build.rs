//! Where the linker finds the memory of the board, when this was built, and who is asked for the time.

fn main() {
    aclk_board_build::cortex_m("memory.x");
    aclk_board_build::time();
    aclk_board_build::time_server();
}
