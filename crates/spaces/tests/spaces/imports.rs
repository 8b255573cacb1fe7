//! Spaces from Slack and Zulip, and archives that mean harm.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use compeer_spaces::{At, ImportError, ImportWish, JobState, MessageInfo, MessageRange};
use serde_json::json;

use crate::peer::Peer;

/// Writes files below a folder.
fn put(folder: &Path, files: &[(&str, String)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
        std::fs::write(path, text).expect("writes");
    }
}

fn slack(folder: &Path) {
    let users = json!([
        { "id": "U1", "name": "ann", "profile": { "real_name": "Ann Lee", "display_name": "ann" }, "deleted": false },
        { "id": "U2", "name": "bo", "real_name": "Bo Tanaka" },
    ]);
    let channels = json!([
        { "id": "C1", "name": "general", "created": 1512000000, "creator": "U1", "is_general": true, "members": ["U1", "U2"] },
        { "id": "C2", "name": "cranes", "created": 1512000001, "creator": "U2", "is_archived": true,
          "pins": [{ "id": "1512085950.000216", "type": "C", "created": 1 }] },
    ]);
    let general = json!([
        { "type": "message", "user": "U1", "text": "hello *all* <@U2>", "ts": "1512085000.000100" },
        { "type": "message", "subtype": "channel_join", "user": "U2", "text": "joined", "ts": "1512085001.000100" },
    ]);
    let first = json!([
        { "type": "message", "user": "U2", "text": "it creaks &amp; groans", "ts": "1512085950.000216",
          "thread_ts": "1512085950.000216", "reply_count": 1,
          "reactions": [{ "name": "thumbsup", "users": ["U1"], "count": 1 }, { "name": "acme-logo", "users": ["U1"] }] },
    ]);
    let second = json!([
        { "type": "message", "user": "U1", "text": "oil it", "ts": "1512172350.000200", "thread_ts": "1512085950.000216",
          "parent_user_id": "U2",
          "files": [{ "name": "plan.pdf", "title": "The plan", "url_private": "https://files.slack.com/x/plan.pdf" }] },
        { "type": "message", "subtype": "bot_message", "bot_id": "B1", "username": "Weather", "text": "", "ts": "1512172360.000000",
          "attachments": [{ "title": "Storm", "title_link": "https://w.example/1", "text": "at noon" }] },
    ]);
    let secret = json!([{ "type": "message", "user": "U1", "text": "between us", "ts": "1512085960.000000" }]);
    put(
        folder,
        &[
            ("users.json", users.to_string()),
            ("channels.json", channels.to_string()),
            ("dms.json", json!([{ "id": "D1", "created": 1512000002, "members": ["U1", "U2"] }]).to_string()),
            ("general/2017-11-30.json", general.to_string()),
            ("cranes/2017-11-30.json", first.to_string()),
            ("cranes/2017-12-01.json", second.to_string()),
            ("D1/2017-11-30.json", secret.to_string()),
        ],
    );
}

fn zulip(folder: &Path) {
    let realm = json!({
        "zerver_realm": [{ "id": 2, "name": "Acme", "string_id": "acme", "uuid": "1-2-3" }],
        "zerver_userprofile": [{ "id": 10, "full_name": "Ann Lee", "email": "ann@acme.example", "is_bot": false }],
        "zerver_userprofile_crossrealm": [{ "id": 6, "full_name": "Welcome Bot", "email": "welcome-bot@zulip.com" }],
        "zerver_stream": [
            { "id": 20, "name": "cranes", "invite_only": false, "rendered_description": "" },
            { "id": 21, "name": "board", "invite_only": true },
        ],
        "zerver_recipient": [
            { "id": 30, "type_id": 20, "type": 2 }, { "id": 31, "type_id": 21, "type": 2 }, { "id": 32, "type_id": 10, "type": 1 },
        ],
        "zerver_reaction": [
            { "id": 1, "user_profile": 10, "message": 100, "emoji_name": "crane", "emoji_code": "1f3d7",
              "reaction_type": "unicode_emoji" },
            { "id": 2, "user_profile": 10, "message": 100, "emoji_name": "acme", "emoji_code": "7", "reaction_type": "realm_emoji" },
        ],
    });
    let history = json!([{ "prev_content": "it creeks", "timestamp": 1512085960, "user_id": 10 }]).to_string();
    let messages = json!({
        "zerver_message": [
            { "id": 100, "sender": 10, "recipient": 30, "subject": "oil", "content": "it creaks, @**Ann Lee**",
              "date_sent": 1512085950.5, "edit_history": history, "has_attachment": false },
            { "id": 101, "sender": 6, "recipient": 30, "subject": "\u{2714} rust",
              "content": "see [plan.pdf](/user_uploads/2/ab/plan.pdf)", "date_sent": 1512085951.0, "edit_history": null },
            { "id": 102, "sender": 10, "recipient": 31, "subject": "money", "content": "secret", "date_sent": 1512085952.0 },
            { "id": 103, "sender": 10, "recipient": 32, "subject": "", "content": "to myself", "date_sent": 1512085953.0 },
        ],
        "zerver_usermessage": [{ "id": 1, "message": 100, "user_profile": 10, "flags_mask": 1 }],
    });
    let attachments = json!({ "zerver_attachment": [
        { "id": 1, "file_name": "plan.pdf", "path_id": "2/ab/plan.pdf", "owner": 6, "create_time": 1512085951.0, "size": 8,
          "messages": [101] },
        { "id": 2, "file_name": "passwd", "path_id": "../../../../etc/passwd", "owner": 6, "messages": [101] },
    ] });
    put(
        folder,
        &[
            ("realm.json", realm.to_string()),
            ("messages-000001.json", messages.to_string()),
            ("attachment.json", attachments.to_string()),
            ("uploads/2/ab/plan.pdf", "the plan".into()),
        ],
    );
}

async fn at(peer: &Peer, space: compeer_core::GroupId, title: Option<&str>) -> Vec<MessageInfo> {
    let topics = peer.spaces.topics(space).await.expect("topics");
    let titles: Vec<_> = topics.iter().map(|topic| topic.title.clone()).collect();
    let topic = topics.into_iter().find(|topic| topic.title.as_deref() == title);
    let id = topic.unwrap_or_else(|| panic!("no {title:?} among {titles:?}")).id;
    let range = MessageRange { at: At::Place(id), limit: 100, ..MessageRange::default() };
    peer.spaces.messages(space, range).await.expect("messages").0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slack_workspace_becomes_a_space() {
    let ann = Peer::start("Ann").await;
    let folder = ann.path("Acme Slack export Nov 1 2017 - Dec 1 2017");
    slack(&folder);
    let job = ann.import(&folder, ImportWish::default()).await;
    let JobState::Imported(done) = &job.state else { panic!("{job:?}") };
    assert_eq!((done.private, done.lost), (1, 1), "the talk between two, and an emoji of their own");
    let space = job.space.expect("a space");
    assert_eq!(ann.spaces.info(space).await.expect("info").name, "Acme");
    let general = at(&ann, space, None).await;
    assert_eq!(general.len(), 1);
    assert_eq!(
        (general[0].author_name.as_str(), general[0].text.as_str()),
        ("Ann Lee (imported)", "hello **all** @Bo Tanaka")
    );
    assert_eq!(general[0].time, 1_512_085_000_000);
    let cranes = at(&ann, space, Some("cranes")).await;
    let texts: Vec<_> = cranes.iter().map(|message| message.text.as_str()).collect();
    let plan = "oil it\n[The plan](https://files.slack.com/x/plan.pdf)";
    assert_eq!(texts, ["it creaks & groans", plan, "[Storm](https://w.example/1)\n> at noon"]);
    assert!(cranes[0].pinned && cranes[0].reactions[0].emoji == "\u{1f44d}", "{:?}", cranes[0]);
    assert_eq!(cranes[1].reply.as_ref().map(|reply| reply.id), Some(cranes[0].id));
    assert_eq!(cranes[2].author_name, "Weather (imported)");
    assert!(ann.spaces.topics(space).await.expect("topics").iter().any(|topic| topic.resolved));

    let job = ann.import(&folder, ImportWish { private: true, stream: None }).await;
    let space = job.space.expect("a space");
    assert_eq!(at(&ann, space, Some("Ann Lee, Bo Tanaka")).await.len(), 1);
    // What came from Slack goes out as everything else, and comes back the same.
    ann.export(space, &ann.path("out")).await;
    let again = ann.import(&ann.path("out"), ImportWish::default()).await.space.expect("a space");
    assert_eq!(ann.said(again).await, ann.said(space).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zulip_organisation_becomes_a_space_or_one_of_its_streams_does() {
    let ann = Peer::start("Ann").await;
    let folder = ann.path("zulip");
    zulip(&folder);
    let job = ann.import(&folder, ImportWish::default()).await;
    let JobState::Imported(done) = &job.state else { panic!("{job:?}") };
    assert_eq!(
        (done.private, done.lost, done.files),
        (2, 2, 1),
        "an own emoji, and a file that is none of the archive's"
    );
    let space = job.space.expect("a space");
    assert_eq!(ann.spaces.info(space).await.expect("info").name, "Acme");
    let oil = at(&ann, space, Some("cranes > oil")).await;
    assert_eq!((oil[0].text.as_str(), oil[0].author_name.as_str()), ("it creaks, @Ann Lee", "Ann Lee (imported)"));
    assert_eq!(oil[0].reactions[0].emoji, "\u{1f3d7}");
    let versions = ann.spaces.versions(space, oil[0].id).await.expect("versions");
    assert_eq!(
        versions.iter().map(|version| version.text.as_str()).collect::<Vec<_>>(),
        ["it creeks", "it creaks, @Ann Lee"]
    );
    let rust = at(&ann, space, Some("cranes > rust")).await;
    assert!(rust.iter().any(|message| message.file.as_ref().is_some_and(|file| file.listed.is_some())), "{rust:?}");
    let files = ann.spaces.files(space).await.expect("files");
    assert_eq!((files.len(), files[0].name.as_str(), files[0].holders.len()), (1, "plan.pdf", 1));

    let job = ann.import(&folder, ImportWish { private: false, stream: Some("board".into()) }).await;
    assert_eq!(at(&ann, job.space.expect("a space"), Some("money")).await.len(), 1);
    let job = ann.import(&folder, ImportWish { private: false, stream: Some("sails".into()) }).await;
    assert!(
        matches!(&job.state, JobState::ImportFailed(error) if matches!(&**error, ImportError::NoStream(_))),
        "{job:?}"
    );
}

/// A ZIP file of stored entries: name, content, size that is claimed, attributes, and where it is said to lie.
struct Zip(Vec<u8>, Vec<u8>, u16);

impl Zip {
    fn new() -> Self {
        Self(Vec::new(), Vec::new(), 0)
    }

    fn add(&mut self, name: &str, content: &[u8]) {
        self.add_as(name, content, (0, content.len() as u32, 0));
    }

    fn add_as(&mut self, name: &str, content: &[u8], (method, size, attributes): (u16, u32, u32)) {
        let at = self.0.len() as u32;
        let crc = !content.iter().fold(!0u32, |state, byte| {
            (0..8).fold(state ^ u32::from(*byte), |state, _| (state >> 1) ^ (0xEDB8_8320 * (state & 1)))
        });
        let numbers = |out: &mut Vec<u8>| {
            for short in [20, 0x800, method, 0, 0] {
                out.extend(short.to_le_bytes());
            }
            for long in [crc, content.len() as u32, size] {
                out.extend(long.to_le_bytes());
            }
            out.extend((name.len() as u16).to_le_bytes());
            out.extend(0u16.to_le_bytes());
        };
        self.0.extend(b"PK\x03\x04");
        numbers(&mut self.0);
        self.0.extend(name.as_bytes());
        self.0.extend(content);
        self.1.extend(b"PK\x01\x02\x14\x03");
        numbers(&mut self.1);
        self.1.extend([0; 6]);
        self.1.extend(attributes.to_le_bytes());
        self.1.extend(at.to_le_bytes());
        self.1.extend(name.as_bytes());
        self.2 += 1;
    }

    fn write(self, path: &Path) {
        let mut file = std::fs::File::create(path).expect("makes");
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend(self.2.to_le_bytes());
        end.extend(self.2.to_le_bytes());
        end.extend((self.1.len() as u32).to_le_bytes());
        end.extend((self.0.len() as u32).to_le_bytes());
        end.extend([0, 0]);
        file.write_all(&[self.0, self.1, end].concat()).expect("writes");
    }
}

fn add_all(zip: &mut Zip, root: &Path, folder: &Path) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            add_all(zip, root, &path);
        } else {
            let name = path.strip_prefix(root).expect("inside").to_str().expect("UTF-8").to_owned();
            zip.add(&name, &std::fs::read(&path).expect("reads"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_file_is_as_good_as_its_folder() {
    let ann = Peer::start("Ann").await;
    let space = ann.spaces.create("Quay".into()).await.expect("space");
    ann.say(space, "hello").await;
    ann.export(space, &ann.path("out")).await;
    let mut zip = Zip::new();
    add_all(&mut zip, ann.home.path(), &ann.path("out"));
    zip.write(&ann.path("quay.zip"));
    let job = ann.import(&ann.path("quay.zip"), ImportWish::default()).await;
    let copy = job.space.unwrap_or_else(|| panic!("{job:?}"));
    assert_eq!(ann.said(copy).await, [("Ann (imported)".to_owned(), "hello".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_that_mean_harm_are_refused_and_leave_nothing() {
    let ann = Peer::start("Ann").await;
    let outside = ann.path("outside.txt");
    let room = ann.path("room");
    std::fs::create_dir_all(&room).expect("makes");
    let harm = |name: &str, make: &dyn Fn(&mut Zip)| {
        let mut zip = Zip::new();
        zip.add("users.json", b"[]");
        zip.add("channels.json", b"[]");
        make(&mut zip);
        let path = room.join(name);
        zip.write(&path);
        path
    };
    let bomb = {
        // A megabyte of nothing says that it is four gigabytes.
        let nothing = vec![0; 1 << 20];
        harm("bomb.zip", &|zip| zip.add_as("a.json", &nothing, (8, u32::MAX - 1, 0)))
    };
    let all = [
        (harm("climbs.zip", &|zip| zip.add("../../outside.txt", b"x")), "its name leads elsewhere"),
        (harm("root.zip", &|zip| zip.add("/outside.txt", b"x")), "its name leads elsewhere"),
        (harm("back.zip", &|zip| zip.add("..\\outside.txt", b"x")), "its name leads elsewhere"),
        (harm("link.zip", &|zip| zip.add_as("link", b"/etc/passwd", (0, 11, 0xA1FF << 16))), "it is a link"),
        (harm("packed.zip", &|zip| zip.add_as("a", b"x", (99, 1, 0))), "it is packed in another way"),
        (harm("damaged.zip", &|zip| zip.add_as("a", b"xyz", (8, 3, 0))), "it is damaged"),
        (harm("longer.zip", &|zip| zip.add_as("a", b"xyz", (0, 2, 0))), "it is damaged"),
        (bomb, "much larger than any export"),
    ];
    for (path, what) in all {
        let job = ann.import(&path, ImportWish::default()).await;
        let JobState::ImportFailed(error) = &job.state else { panic!("{}: {job:?}", path.display()) };
        assert!(error.to_string().contains(what), "{}: {error}", path.display());
    }
    refused_json(&ann, &room).await;
    assert!(!outside.exists());
    assert!(ann.spaces.list().await.expect("list").is_empty());
    let left = std::fs::read_dir(ann.path("received")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is left of what was unpacked");
}

/// JSON that is broken, of another form, or nested without end; and what is no archive at all.
async fn refused_json(ann: &Peer, room: &Path) {
    let deep = format!("[{{\"id\":\"U1\",\"profile\":{{\"deep\":{}", "[".repeat(200_000));
    let cases = [
        ("users.json", "[{\"id\":7}]".to_owned(), "users.json, line 1, column 9: invalid type"),
        ("users.json", "[\n{\"id\":\"U1\",\n".to_owned(), "users.json, line 3, column 0: EOF while parsing"),
        ("users.json", deep, "EOF while parsing a list"),
        ("users.json", "[{\"id\":\"\u{fffd}".to_owned(), "EOF while parsing a string"),
        ("channels.json", "[{\"id\":\"C1\",\"name\":\"../../outside\"}]".to_owned(), "could not be read"),
    ];
    for (number, (file, text, what)) in cases.into_iter().enumerate() {
        let folder = room.join(format!("slack{number}"));
        put(&folder, &[("users.json", "[]".into()), ("channels.json", "[]".into()), (file, text)]);
        if number == 3 {
            std::fs::write(folder.join(file), b"[{\"id\":\"\xFF\xFE\"}]").expect("writes");
        }
        let job = ann.import(&folder, ImportWish::default()).await;
        let JobState::ImportFailed(error) = &job.state else { panic!("{number}: {job:?}") };
        let what = if number == 3 { "invalid unicode" } else { what };
        assert!(error.to_string().contains(what), "{number}: {error}");
    }
    #[cfg(unix)]
    {
        let (folder, elsewhere) = (room.join("linked"), room.join("elsewhere"));
        let message = "[{\"type\":\"message\",\"user\":\"U1\",\"text\":\"secret\",\"ts\":\"1.000001\"}]";
        put(&elsewhere, &[("2020-01-01.json", message.into())]);
        let channel = "[{\"id\":\"C1\",\"name\":\"crane\"}]";
        put(&folder, &[("users.json", "[]".into()), ("channels.json", channel.into())]);
        std::os::unix::fs::symlink(&elsewhere, folder.join("crane")).expect("links");
        let job = ann.import(&folder, ImportWish::default()).await;
        assert!(matches!(job.state, JobState::ImportFailed(_)), "a link to a folder elsewhere: {job:?}");
    }
    for path in [room.join("nothing"), room.join("slack0/users.json"), room.to_path_buf()] {
        let job = ann.import(&path, ImportWish::default()).await;
        assert!(matches!(job.state, JobState::ImportFailed(_)), "{job:?}");
    }
}
