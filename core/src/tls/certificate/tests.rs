use super::{Algorithm, Bytes, Certificate, KeyUsage, time};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, KeyPair};
use std::string::{String, ToString};
use std::vec::Vec;

fn der(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    change(&mut params);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

/// A key usage extension with these bytes.
fn key_usage(value: &[u8]) -> KeyUsage {
    let extension = CustomExtension::from_oid_content(&[2, 5, 29, 15], value.to_vec());
    Certificate::read(&der(|params| params.custom_extensions.push(extension))).unwrap().key_usage()
}

#[test]
fn key_usage_is_read_bit_by_bit_and_allows_nothing_if_it_cannot_be_read() {
    let rights = |usage: KeyUsage| (usage.digital_signature(), usage.key_cert_sign());
    assert_eq!(rights(Certificate::read(&der(|_| {})).unwrap().key_usage()), (true, true));
    for (value, expected) in [
        (&[3, 2, 7, 0x80][..], (true, false)),
        (&[3, 2, 2, 0x04], (false, true)),
        (&[3, 2, 2, 0x84], (true, true)),
        (&[3, 3, 7, 0x00, 0x80], (false, false)),
        (&[3, 1, 0], (false, false)),
        (&[3, 0], (false, false)),
        (&[4, 2, 0, 0xff], (false, false)),
        (&[3, 9, 0, 0xff], (false, false)),
        (&[], (false, false)),
    ] {
        assert_eq!(rights(key_usage(value)), expected, "{value:02x?}");
    }
}

#[test]
fn only_basic_constraints_make_a_certificate_authority() {
    let is_ca = |is_ca| Certificate::read(&der(|params| params.is_ca = is_ca)).unwrap().is_ca();
    assert!(is_ca(IsCa::Ca(BasicConstraints::Unconstrained)));
    assert!(is_ca(IsCa::Ca(BasicConstraints::Constrained(3))));
    assert!(!is_ca(IsCa::ExplicitNoCa));
    assert!(!is_ca(IsCa::NoCa));
}

#[test]
fn a_name_is_its_common_name_or_else_its_organization() {
    let name = |attributes: &[(DnType, &str)]| {
        let mut name = DistinguishedName::new();
        for (kind, value) in attributes {
            name.push(kind.clone(), *value);
        }
        let der = der(|params| params.distinguished_name = name);
        let certificate = Certificate::read(&der).unwrap();
        assert_eq!(certificate.issuer, certificate.subject);
        certificate.subject.to_string()
    };
    let (country, organization) = ((DnType::CountryName, "DE"), (DnType::OrganizationName, "Example"));
    assert_eq!(name(&[country.clone(), organization.clone(), (DnType::CommonName, "Größe")]), "Größe");
    assert_eq!(name(&[country.clone(), organization]), "Example");
    assert_eq!(name(&[country]), "unnamed");
    assert_eq!(name(&[]), "unnamed");
}

#[test]
fn hosts_are_listed_and_counted() {
    let hosts = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let der = der(|params| params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names);
        let hosts = Certificate::read(&der).unwrap().hosts();
        (hosts.is_empty(), hosts.to_string())
    };
    assert_eq!(hosts(&[]), (true, String::new()));
    assert_eq!(hosts(&["a.example"]), (false, "\"a.example\"".into()));
    assert_eq!(hosts(&["10.1.2.3", "fe80::1"]), (false, "\"10.1.2.3\", \"fe80::1\"".into()));
    assert_eq!(
        hosts(&["a.example", "b.example", "c.example"]),
        (false, "\"a.example\", \"b.example\" and 1 more".into())
    );
}

#[test]
fn object_identifiers_are_printed_with_dots() {
    for (id, text) in [
        (&[6, 3, 0x2b, 0x65, 0x70][..], "1.3.101.112"),
        (&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0], "1.2.840.113549.1.1.5"),
        (&[6, 3, 0x55, 0x1d, 0x0f], "2.5.29.15"),
        (&[6, 3, 0x88, 0x37, 3], "2.999.3"),
        (&[6, 0], "unknown"),
        (&[5, 0], "unknown"),
        (&[], "unknown"),
    ] {
        assert_eq!(Algorithm(id).to_string(), text);
    }
    assert!(Algorithm(&[6, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).to_string().len() < 30);
}

#[test]
fn nothing_is_read_from_half_a_certificate() {
    let der = der(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert!(Certificate::read(&der).is_some());
    for end in 0..der.len() {
        assert!(Certificate::read(&der[..end]).is_none());
    }
}

#[test]
fn a_certificate_with_any_byte_changed_is_read_or_refused() {
    let der = der(|params| {
        params.subject_alt_names =
            CertificateParams::new(["a.example".into(), "::1".into()]).unwrap().subject_alt_names;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    for at in 0..der.len() {
        for value in [0x00, 0x7f, 0x80, 0x81, 0x82, 0xff] {
            let mut changed = der.clone();
            changed[at] = value;
            if let Some(certificate) = Certificate::read(&changed) {
                let _ = (certificate.hosts().to_string(), certificate.issuer.to_string(), certificate.is_ca());
                let _ = (certificate.key_usage(), Algorithm(certificate.signed_with).to_string());
            }
        }
    }
}

#[test]
fn the_dates_of_a_certificate_are_read_in_both_forms() {
    let certificate = der(|params| {
        params.not_before = rcgen::date_time_ymd(1999, 12, 31);
        params.not_after = rcgen::date_time_ymd(2050, 3, 1);
    });
    assert_eq!(Certificate::read(&certificate).unwrap().validity(), Some((946_598_400, 2_529_705_600)));
}

#[test]
fn a_time_that_is_none_is_not_guessed() {
    let read = |tag: u8, text: &str| time(&mut Bytes::new(&[&[tag, text.len() as u8], text.as_bytes()].concat()));
    assert_eq!(read(0x17, "700101000000Z"), Some(0));
    assert_eq!(read(0x18, "20000229235959Z"), Some(951_868_799));
    for (tag, text) in [
        (0x17, ""),
        (0x17, "7001010000Z"),
        (0x17, "700101000000+0000"),
        (0x17, "701301000000Z"),
        (0x17, "700100000000Z"),
        (0x17, "700101000000"),
        (0x17, "\u{e9}00101000000Z"),
        (0x17, "690101000000Z"),
        (0x18, "19691231235959Z"),
        (0x18, "00000101000000Z"),
        (0x18, "20000229235959.1Z"),
        (0x04, "700101000000Z"),
    ] {
        assert_eq!(read(tag, text), None, "{tag:x} {text}");
    }
}
