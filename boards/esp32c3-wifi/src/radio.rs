//! The Wi-Fi network that was built in, and how the board stays in it.

use aclk_firmware::console::Desk;
use embassy_time::{Duration, Timer};
use esp_hal::peripherals::WIFI;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{AuthenticationMethodConfig, Config, ControllerConfig, WifiController, WifiError};

/// Which network. Whoever has the image, or the flash of the board, can read both.
const SSID: Option<&str> = option_env!("ACLK_WIFI_SSID");
/// Its password, for WPA2. `None` or empty for an open network.
const PASSWORD: Option<&str> = option_env!("ACLK_WIFI_PASSWORD");

/// When a network is looked for again that was not found, or lost.
const AGAIN: Duration = Duration::from_secs(5);

/// Switches the radio on, as a station of the network.
///
/// # Errors
/// If the radio does not start, or the name or the password is too long to be one.
pub(crate) fn start(device: WIFI<'static>) -> Result<WifiController<'static>, WifiError> {
    let authentication = match PASSWORD {
        None | Some("") => AuthenticationMethodConfig::Open,
        Some(password) => AuthenticationMethodConfig::Wpa2Personal(password.try_into()?),
    };
    let station =
        StationConfig::default().with_ssid(SSID.unwrap_or_default().try_into()?).with_authentication(authentication);
    let mut controller = WifiController::new(device, ControllerConfig::default())?;
    controller.set_config(&Config::Station(station))?;
    Ok(controller)
}

/// Connects, again and again, and tells of it. Never resolves.
pub(crate) async fn stay_connected(mut controller: WifiController<'static>, desk: &Desk) {
    let Some(ssid) = SSID.filter(|ssid| !ssid.is_empty()) else {
        desk.say("wifi: no network was built in: ACLK_WIFI_SSID was not set");
        return core::future::pending().await;
    };
    let mut is_told = false;
    loop {
        if controller.connect_async().await.is_ok() {
            is_told = false;
            desk.say(format_args!("wifi: connected to {ssid}"));
            let _ = controller.wait_for_disconnect_async().await;
            desk.say("wifi: disconnected, trying again");
        } else if !is_told {
            is_told = true;
            desk.say(format_args!(
                "wifi: cannot connect to {ssid}, still trying: is it there, and the password right?"
            ));
        }
        Timer::after(AGAIN).await;
    }
}
