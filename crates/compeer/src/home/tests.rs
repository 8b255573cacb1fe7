//! What a home promises: private, whole, one peer at a time.

use super::*;
use compeer_core::GroupId;

fn empty() -> (tempfile::TempDir, HomePath) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = HomePath::resolve(Some(folder.path().join("home"))).expect("resolves");
    (folder, path)
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changes the mode");
}

#[test]
fn keys_tokens_and_names_survive() {
    let (_folder, path) = empty();
    let home = Home::enter(path.clone()).expect("enters");
    let key = home.device_key().expect("makes a key");
    let token = home.api_token().expect("makes a token");
    let identity = Identity {
        person: GroupId::from_bytes([7; 32]),
        name: "Ada".into(),
        device_name: "desk".into(),
        picture: Some(vec![1, 2, 3]),
    };
    home.write_identity(&identity).expect("writes");
    drop(home);

    let home = Home::enter(path.clone()).expect("enters again");
    assert_eq!(home.device_key().expect("reads").id(), key.id());
    assert_eq!(home.api_token().expect("reads"), token);
    assert_eq!(path.read_identity().expect("reads"), Some(identity));
    assert_eq!(path.read_device().expect("reads"), Some(key.id()));
}

/// The files of a home may hold anything: somebody edits them, or a disk fails.
#[test]
fn fuzz_home_files() {
    let key = to_base32(&[0xA5; 32]);
    let device = parse_key(&key).expect("a key").id().to_string();
    let running = RunningApi { address: "127.0.0.1:7".parse().expect("an address"), pid: 7, device };
    let seeds = [format!("{key}\n").into_bytes(), serde_json::to_vec(&running).expect("text")];
    compeer_testkit::fuzz::run(&seeds, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let running = serde_json::from_str::<RunningApi>(text);
        if let Ok(running) = &running {
            let again = serde_json::to_string(running).expect("text");
            assert_eq!(serde_json::from_str::<RunningApi>(&again).ok().as_ref(), Some(running));
        }
        running.is_ok() || parse_key(text).is_some()
    });
}

#[cfg(unix)]
#[test]
fn everything_is_private() {
    let (_folder, path) = empty();
    let home = Home::enter(path.clone()).expect("enters");
    home.device_key().expect("makes a key");
    path.relay_secret(|| Ok("secret".to_owned())).expect("makes a secret");
    home.api_token().expect("makes a token");
    assert_eq!(mode(path.folder()), 0o700);
    for file in [path.device_key(), path.relay_key(), path.api_token(), path.lock()] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[cfg(unix)]
#[test]
fn an_empty_folder_becomes_private_and_an_exposed_key_is_refused() {
    let (_folder, path) = empty();
    fs::create_dir(path.folder()).expect("a folder");
    set_mode(path.folder(), 0o755);
    let home = Home::enter(path.clone()).expect("enters");
    assert_eq!(mode(path.folder()), 0o700);

    home.device_key().expect("makes a key");
    set_mode(&path.device_key(), 0o640);
    assert!(matches!(home.device_key(), Err(HomeError::Exposed { mode: 0o640, .. })));
    home.api_token().expect("makes a token");
    set_mode(&path.api_token(), 0o604);
    assert!(matches!(path.read_api_token(), Err(HomeError::Exposed { mode: 0o604, .. })));
}

#[test]
fn a_second_peer_is_kept_out() {
    let (_folder, path) = empty();
    let home = Home::enter(path.clone()).expect("enters");
    home.device_key().expect("makes a key");
    assert!(path.is_locked());
    assert!(matches!(Home::enter(path.clone()), Err(HomeError::InUse { pid: None, .. })));
    let address = "127.0.0.1:4918".parse().expect("an address");
    home.write_running_api(&RunningApi { address, pid: 7, device: "d".into() }).expect("writes");
    assert!(matches!(Home::enter(path.clone()), Err(HomeError::InUse { pid: Some(7), .. })));
    drop(home);
    assert!(!path.is_locked());
    Home::enter(path).expect("free again");
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let (_folder, path) = empty();
    fs::create_dir(path.folder()).expect("a folder");
    fs::write(path.folder().join("letter.txt"), "dear").expect("a file");
    assert!(matches!(Home::enter(path.clone()), Err(HomeError::Foreign { .. })));
    assert_eq!(fs::read_dir(path.folder()).expect("lists").count(), 1);

    let file = path.folder().join("letter.txt");
    let path = HomePath::resolve(Some(file)).expect("resolves");
    assert!(matches!(Home::enter(path), Err(HomeError::NotAFolder { .. })));
}

#[test]
fn damaged_files_are_named() {
    let (_folder, path) = empty();
    let home = Home::enter(path.clone()).expect("enters");
    home.device_key().expect("makes a key");
    disk::write_private(&path.identity(), b"{").expect("writes");
    assert!(matches!(path.read_identity(), Err(HomeError::Damaged { .. })));
    disk::write_private(&path.device_key(), b"not a key").expect("writes");
    assert!(matches!(home.device_key(), Err(HomeError::BadKey { .. })));
    disk::write_private(&path.identity(), &vec![b' '; MAX_SETTINGS_BYTES as usize + 1]).expect("writes");
    assert!(matches!(path.read_identity(), Err(HomeError::TooLarge { .. })));
}

#[test]
fn a_write_replaces_the_file_as_a_whole() {
    let (_folder, path) = empty();
    let _home = Home::enter(path.clone()).expect("enters");
    // What a crash may have left behind does not get in the way.
    fs::write(path.folder().join("identity.json.new"), "half").expect("a file");
    disk::write_private(&path.identity(), b"whole").expect("writes");
    assert_eq!(fs::read(path.identity()).expect("reads"), b"whole");
    assert!(!path.folder().join("identity.json.new").exists());
}

#[test]
fn a_first_start_that_was_cut_off_can_be_repeated() {
    let (_folder, path) = empty();
    fs::create_dir(path.folder()).expect("a folder");
    fs::write(path.lock(), "").expect("a file");
    fs::write(path.folder().join("device.key.new"), "half").expect("a file");
    Home::enter(path).expect("enters").device_key().expect("makes a key");
}

#[test]
fn a_relay_shares_the_home_of_a_peer_and_keeps_its_secret() {
    let (_folder, path) = empty();
    let home = Home::enter(path.clone()).expect("enters");
    home.device_key().expect("makes a key");
    let first = path.relay_secret(|| Ok("first".to_owned())).expect("makes one");
    let again = path.relay_secret(|| Ok("second".to_owned())).expect("reads it");
    assert_eq!((first.as_str(), again.as_str()), ("first", "first"));
}
