//! How it is linked (the map of the memory is esp-hal's), and when this was built, for which Wi-Fi network.

fn main() {
    println!("cargo::rustc-link-arg-bins=-Tlinkall.x");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ACLK_WIFI_SSID");
    println!("cargo::rerun-if-env-changed=ACLK_WIFI_PASSWORD");
    aclk_board_build::time();
}
