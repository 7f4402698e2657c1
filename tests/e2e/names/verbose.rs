//! `-verbose` shows request and answer, and never the token, whatever a hostile Cloud does.

use super::named;
use super::scripted::{Answer, Scripted};
use crate::support::*;
use std::fs;

const TOKEN: &str = "Zx9-secret-token_kept-by+its/owner&co";

/// A claim with [`TOKEN`] at a server that answers with what `answer` makes of the request.
fn claim(answer: impl Fn(&str) -> Answer + Send + 'static) -> (Ended, Scripted) {
    let server = Scripted::start(answer);
    let machine = Machine::new();
    machine.give_key();
    fs::write(machine.file("cloud_fullchain.pem"), &server.ca_pem).unwrap();
    let arguments = [format!("-token={TOKEN}"), format!("-url={}", server.url), "-verbose".to_owned()];
    (run(named(&machine, "netdata-claim.sh", &arguments)), server)
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\nX-Echo: {TOKEN}\r\n\r\n{body}", body.len())
}

#[test]
fn request_and_answer_are_shown_as_they_went_over_the_connection() {
    let body = r#"{"errorMsgKey":"ErrForbidden","errorMessage":"no such token"}"#;
    let (ended, server) = claim(move |_| vec![answer(body).into_bytes()]);
    assert_eq!((ended.code, ended.stdout.as_str()), (12, ""), "{ended:?}");
    let request = server.requests().remove(0);
    assert!(request.contains(TOKEN), "the server gets the token");
    let shown = |mark: char, text: &str| -> String {
        text.replace(TOKEN, "****************")
            .lines()
            .map(|line| format!("{}\n", format!("{mark} {line}").trim_end()))
            .collect()
    };
    let expected =
        format!("Request to server:\n{}Response from server:\n{}", shown('>', &request), shown('<', &answer(body)));
    assert!(ended.stderr.contains(&expected), "{}\n--- is not in\n{}", expected, ended.stderr);
    assert!(ended.stderr.ends_with("Error key was:\"ErrForbidden\"\n"), "{}", ended.stderr);
}

#[test]
fn a_cloud_that_echoes_the_token_in_any_form_and_commands_the_terminal_achieves_nothing() {
    let each = |escape: &dyn Fn(u8) -> String| TOKEN.bytes().map(escape).collect::<String>();
    let forms = [
        TOKEN.to_owned(),
        each(&|byte| format!("%{byte:02X}")),
        each(&|byte| format!("\\u{byte:04x}")),
        each(&|byte| format!("&#{byte};")),
        TOKEN.replace('/', "\\/").replace('&', "&amp;"),
        format!("\u{1b}]0;{TOKEN}\u{7}\u{1b}[2J\u{9b}31m\r\nAgent was successfully claimed.\r\n"),
        // The part that follows the name of the scheme, as a log of the other side may have it.
        TOKEN[6..].to_owned(),
    ];
    for form in forms {
        let body = format!(r#"{{"errorMsgKey":"ErrForbidden","errorMessage":"{form}"}}"#);
        let chunks: String = body
            .chars()
            .collect::<Vec<_>>()
            .chunks(5)
            .map(|chunk| {
                let chunk: String = chunk.iter().collect();
                format!("{:x}\r\n{chunk}\r\n", chunk.len())
            })
            .collect();
        let chunked = format!("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
        for whole in [answer(&body), chunked] {
            // Each byte in a TLS record of its own, so that no secret is ever there as a whole.
            let (ended, _) = claim(move |_| whole.bytes().map(|byte| vec![byte]).collect());
            let told = &ended.stderr;
            assert!(told.contains("Response from server:\n< HTTP/1.1 403 Forbidden\n"), "{told}");
            let plain: String = told.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
            for part in [TOKEN, &TOKEN[8..], "secret-token", "%73%65%63", "\\u0073", "&#115;", "kept-by"] {
                assert!(!told.contains(part), "{part} of {form:?} in\n{told}");
            }
            assert!(!plain.contains("keptby"), "{form:?} in\n{told}");
            assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
            assert!(!told.lines().any(|line| line == "Agent was successfully claimed."), "{told}");
        }
    }
}

#[test]
fn a_long_answer_is_not_shown_as_a_whole() {
    let (ended, _) = claim(|_| {
        vec![
            b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100000\r\n\r\n".to_vec(),
            vec![b'x'; 100_000],
            vec![b'x'; 9_900_000],
        ]
    });
    assert_eq!(ended.code, 7, "{ended:?}");
    assert!(ended.stderr.len() < 32 << 10, "{}", ended.stderr.len());
    assert!(ended.stderr.contains(" more bytes, not shown)\n"), "{}", ended.stderr);
}
