//! How it is linked (the map of the memory is esp-hal's), when this was built, who is asked for the time, and for which
//! Wi-Fi network.

fn main() {
    println!("cargo::rustc-link-arg-bins=-Tlinkall.x");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ACLK_WIFI_SSID");
    println!("cargo::rerun-if-env-changed=ACLK_WIFI_PASSWORD");
    aclk_board_build::time();
    aclk_board_build::time_server();
}
