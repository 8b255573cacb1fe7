//! The text of an invitation.

use compeer_core::group::{InviteTerms, Level};
use compeer_core::invite::{GuestAt, HOSTS, Host, Invite, InviteError, proof, verify_proof};
use compeer_core::{DeviceId, DeviceKey, GroupId};
use proptest::prelude::*;
use zeroize::Zeroizing;

fn invite() -> Invite {
    let secret = [7; 32];
    let key = DeviceKey::from_seed(secret).id();
    Invite {
        topic: GroupId::from_bytes([1; 32]),
        secret: Zeroizing::new(secret),
        terms: InviteTerms { key, level: Level::Write, uses: 1, expires: 1_800_000_000_000 },
        space_name: "Küche & Büro".to_owned(),
        inviter_name: "Ada".to_owned(),
        hosts: vec![Host {
            device: DeviceId::from_bytes([2; 32]),
            addrs: vec!["192.0.2.1:7000".parse().expect("v4"), "[2001:db8::1]:7000".parse().expect("v6")],
        }],
        relays: vec!["https://relay.example:443".to_owned()],
        guest_at: None,
    }
}

#[test]
fn round_trip() {
    for guest_at in [Some(GuestAt::Topic), Some(GuestAt::Board)] {
        let invite = Invite { guest_at, ..invite() };
        assert_eq!(invite.to_string().parse(), Ok(invite));
    }
    let text = invite().to_string();
    assert!(text.starts_with("compeer1"));
    assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    assert_eq!(text.parse(), Ok(invite()));
    assert!(text.len() < 500, "{} characters", text.len());
}

#[test]
fn white_space_and_upper_case_do_no_harm() {
    let text = invite().to_string();
    let mut wrapped = String::from(" \n\u{FEFF}");
    for (n, c) in text.chars().enumerate() {
        wrapped.push(c.to_ascii_uppercase());
        if n % 60 == 59 {
            wrapped.push_str("\r\n\t");
        }
    }
    assert_eq!(wrapped.parse(), Ok(invite()));
}

#[test]
fn every_changed_missing_or_added_character_is_noticed() {
    let text = invite().to_string();
    for at in 0..text.len() {
        for other in "abcz2347".chars().filter(|c| !text[at..].starts_with(*c)) {
            let changed: String = text.char_indices().map(|(n, c)| if n == at { other } else { c }).collect();
            assert!(changed.parse::<Invite>().is_err(), "{at} to {other}");
        }
        let missing: String = text.char_indices().filter(|(n, _)| *n != at).map(|(_, c)| c).collect();
        assert!(missing.parse::<Invite>().is_err(), "without {at}");
        let added = format!("{}a{}", &text[..at], &text[at..]);
        assert!(added.parse::<Invite>().is_err(), "one more at {at}");
        assert!(text[..at].parse::<Invite>().is_err(), "cut at {at}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let text = invite().to_string();
    assert_eq!("hello".parse::<Invite>(), Err(InviteError::NotAnInvitation));
    assert_eq!("".parse::<Invite>(), Err(InviteError::NotAnInvitation));
    assert_eq!("compeer".parse::<Invite>(), Err(InviteError::NotAnInvitation));
    assert_eq!("compeer1".parse::<Invite>(), Err(InviteError::Damaged));
    assert_eq!(text.replacen('1', "2", 1).parse::<Invite>(), Err(InviteError::NewerVersion));
    assert_eq!(text[..100].parse::<Invite>(), Err(InviteError::Damaged));
    assert_eq!("x".repeat(1 << 20).parse::<Invite>(), Err(InviteError::NotAnInvitation));
}

#[test]
fn limits_hold_for_makers_and_readers() {
    let refused = |change: fn(&mut Invite)| {
        let mut invite = invite();
        change(&mut invite);
        assert!(matches!(invite.check(), Err(InviteError::Impossible(_))));
        assert!(matches!(invite.to_string().parse::<Invite>(), Err(InviteError::Impossible(_))));
    };
    refused(|invite| invite.secret = Zeroizing::new([8; 32]));
    refused(|invite| invite.space_name = "x".repeat(81));
    refused(|invite| invite.hosts = vec![invite.hosts[0].clone(); HOSTS + 1]);
    refused(|invite| invite.relays = vec!["https://relay.example".to_owned(); 5]);
    refused(|invite| invite.relays = vec!["x".repeat(257)]);
    assert_eq!(invite().check(), Ok(()));
}

#[test]
fn the_secret_is_proved_without_showing_it() {
    let invite = invite();
    let signature = proof(&invite.secret, b"both sides and a nonce");
    assert!(verify_proof(&invite.terms.key, b"both sides and a nonce", &signature));
    assert!(!verify_proof(&invite.terms.key, b"another transcript", &signature));
    assert!(!verify_proof(&DeviceId::from_bytes([1; 32]), b"both sides and a nonce", &signature));
    assert!(!format!("{invite:?}").contains("7, 7"), "the secret is not shown by accident");
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "(compeer1)?[a-z2-7 ]{0,300}|.{0,50}") {
        let _ = text.parse::<Invite>();
    }
}
