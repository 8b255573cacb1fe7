//! Invitations: listed, closed, and sent by mail through a server that speaks SMTP as real ones do.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use compeer_testkit::process::Peer;
use compeer_testkit::wait::eventually_blocking;
use data_encoding::BASE64;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::cli::{fails, run};
use super::running;

const SOON: Duration = Duration::from_secs(30);

/// A mail server on loopback that lets in `ann` with `s3cret` and knows everybody but `nobody@…`.
struct Server {
    port: u16,
    mails: Arc<Mutex<Vec<String>>>,
    /// The certificate that it shows, in PEM.
    authority: String,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start(secure: bool) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("a key");
        let tls = secure.then(|| TlsAcceptor::from(Arc::new(config)));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let mails: Arc<Mutex<Vec<String>>> = Arc::default();
        runtime.spawn({
            let mails = mails.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, tls.clone(), mails.clone()));
                }
            }
        });
        Self { port, mails, authority: made.cert.pem(), _runtime: runtime }
    }

    fn mails(&self) -> Vec<String> {
        self.mails.lock().expect("whole").clone()
    }
}

async fn serve(mut stream: tokio::net::TcpStream, tls: Option<TlsAcceptor>, mails: Arc<Mutex<Vec<String>>>) {
    stream.write_all(b"220 localhost ESMTP\r\n").await.expect("greets");
    let Some(tls) = tls else {
        talk(stream, false, &mails).await;
        return;
    };
    if let Some(stream) = talk(stream, true, &mails).await
        && let Ok(stream) = tls.accept(stream).await
    {
        talk(stream, false, &mails).await;
    }
}

/// Speaks SMTP (RFC 5321) until the end, or hands the stream back for TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: S, starttls: bool, mails: &Mutex<Vec<String>>) -> Option<S> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" if starttls => "250-localhost\r\n250 STARTTLS",
            "EHLO" => "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN",
            "STARTTLS" if starttls => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
            "AUTH" => {
                let given = line.strip_prefix("AUTH PLAIN ").and_then(|given| BASE64.decode(given.as_bytes()).ok());
                if given.as_deref() == Some(b"\0ann\0s3cret") { "235 welcome" } else { "535 no such user or password" }
            }
            // Nothing goes in clear where TLS is to be had.
            _ if starttls => "530 first STARTTLS",
            "MAIL" => "250 fine",
            "RCPT" if line.contains("nobody@") => "550 nobody here by that name",
            "RCPT" => "250 fine",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mut mail = String::new();
                while stream.read_line(&mut mail).await.ok()? > 0 && !mail.ends_with("\r\n.\r\n") {}
                mails.lock().expect("whole").push(mail);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "500 what?",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

/// The text of a mail, without what carries it (RFC 2045).
fn text_of(mail: &str) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").expect("a head and a body");
    let body = body.trim_end_matches("\r\n.\r\n");
    if head.contains("base64") {
        let bytes = BASE64.decode(body.replace("\r\n", "").as_bytes()).expect("base64");
        return String::from_utf8(bytes).expect("UTF-8");
    }
    if !head.contains("quoted-printable") {
        return body.to_owned();
    }
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'=' {
            let digits = std::str::from_utf8(&tail[..2]).expect("digits");
            bytes.push(u8::from_str_radix(digits, 16).expect("digits"));
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

fn ada() -> Peer {
    let ada = running("Ada Lee");
    ada.ask(&["space", "create", "Harbour"]).expect("creates");
    ada
}

/// Sets a server without TLS on this computer.
fn set(ada: &Peer, port: u16) -> Value {
    let port = port.to_string();
    ada.ask(&["mail", "set", "--host", "127.0.0.1", "--port", &port, "--security", "none", "--from", "ada@example.org"])
        .expect("sets")
}

#[test]
fn an_invitation_goes_by_mail() {
    let (server, ada, bo) = (Server::start(false), ada(), running("Bo"));
    assert_eq!(set(&ada, server.port)["set"], true);
    assert_eq!(ada.ask(&["mail", "test"]).expect("sends")["to"], "ada@example.org");
    let mails = server.mails();
    assert!(mails[0].contains("From: \"Ada Lee\" <ada@example.org>\r\n"), "{}", mails[0]);
    assert!(mails[0].contains("To: ada@example.org\r\n"), "{}", mails[0]);
    assert!(mails[0].contains("@example.org>\r\n"), "{}", mails[0]);

    let made = ada.ask(&["space", "invite", "Harbour", "--mail", "bo@example.org"]).expect("invites");
    assert_eq!((&made["mail"]["to"], &made["mail"]["sent"]), (&"bo@example.org".into(), &true.into()), "{made}");
    let listed = |all: bool| -> Value {
        let all: &[&str] = if all { &["--all"] } else { &[] };
        ada.ask(&[&["space", "invitations", "Harbour"], all].concat()).expect("lists")
    };
    assert_eq!((&listed(false)[0]["mail"], &listed(false)[0]["state"]), (&"bo@example.org".into(), &"open".into()));
    let text = text_of(&server.mails()[1]);
    assert!(text.contains("Ada Lee invites you to the space \u{201c}Harbour\u{201d}"), "{text}");
    let invite = text.lines().find(|line| line.starts_with("compeer1")).expect("the invitation");
    assert_eq!(invite.trim_end(), made["invite"]);
    bo.ask_with(&["space", "join", "-"], invite).expect("joins");
    eventually_blocking(SOON, "it is used", || listed(false).as_array()?.is_empty().then_some(()));
    assert_eq!((&listed(true)[0]["mail"], &listed(true)[0]["state"]), (&"bo@example.org".into(), &"used".into()));

    // The server's word is told, and the invitation is there all the same.
    let made = ada.ask(&["space", "invite", "Harbour", "--mail", "nobody@example.org"]).expect("invites");
    assert_eq!(made["mail"]["sent"], false);
    assert!(made["mail"]["problem"].as_str().is_some_and(|text| text.contains("did not take the mail")), "{made}");
    assert!(
        made["mailto"].as_str().is_some_and(|link| link.starts_with("mailto:nobody@example.org?subject=Ada%20Lee"))
    );
    assert_eq!(listed(false)[0]["mail"], "nobody@example.org");
    fails(&ada, &["mail", "test", "--to", "nobody@example.org"], "", 1, "mail-refused");
    for bad in ["bo", "bo@example.org, cy@example.org", "bo@example.org\r\nBcc: cy@example.org"] {
        fails(&ada, &["space", "invite", "Harbour", "--mail", bad], "", 1, "bad-address");
    }
    assert_eq!(server.mails().len(), 2);
}

#[test]
fn a_password_goes_over_tls_only() {
    let (server, ada) = (Server::start(true), ada());
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, &server.authority).expect("a file");
    let (port, authority) = (server.port.to_string(), authority.to_str().expect("plain").to_owned());
    let set = ["mail", "set", "--host", "localhost", "--port", &port, "--user", "ann", "--from", "ann@example.org"];
    let trusting = [&set[..], &["--authority", &authority]].concat();
    let ask = |arguments: &[&str], input: &str| ada.ask_with(arguments, input).expect("sets");

    ask(&set, "s3cret\n");
    fails(&ada, &["mail", "test"], "", 1, "mail-insecure");
    ask(&trusting, "wr0ng\n");
    fails(&ada, &["mail", "test"], "", 1, "mail-login");
    ask(&trusting, "s3cret\n");
    ask(&["mail", "test", "--to", "bo@example.org"], "");
    let kept = [&trusting[..], &["--keep-password"]].concat();
    ask(&kept, "");
    ask(&["mail", "test"], "");
    assert_eq!(server.mails().len(), 2);

    // Whoever says that there is no TLS is not believed, and sees no password.
    let plain = Server::start(false);
    let port = plain.port.to_string();
    let stripped =
        ["mail", "set", "--host", "127.0.0.1", "--port", &port, "--user", "ann", "--from", "ann@example.org"];
    ask(&stripped, "s3cret\n");
    fails(&ada, &["mail", "test"], "", 1, "mail-insecure");
    // The password of one server goes to no other.
    fails(&ada, &[&set[..], &["--keep-password"]].concat(), "", 1, "mail-needs-password");

    let file = ada.home().join("mail.json");
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    let shown = run(&ada, &["mail", "show"], "");
    let words = String::from_utf8(shown.stdout).expect("UTF-8");
    assert!(words.contains("ann, with a password") && !words.contains("s3cret"), "{words}");
    assert!(!ada.ask(&["mail", "show"]).expect("shows").to_string().contains("s3cret"));
    ada.ask(&["mail", "forget"]).expect("forgets");
    assert!(!file.exists());
    fails(&ada, &["mail", "test"], "", 1, "mail-not-set");
}

#[test]
fn what_cannot_be_is_not_set() {
    let ada = ada();
    let set = |host: &'static str, from: &'static str, further: &[&'static str]| {
        [&["mail", "set", "--host", host, "--from", from], further].concat()
    };
    fails(&ada, &set("mail.example", "ann@example.org", &["--security", "none"]), "", 1, "mail-needs-tls");
    fails(&ada, &set("mail example", "ann@example.org", &[]), "", 1, "bad-mail-server");
    fails(&ada, &set("mail.example", "ann", &[]), "", 1, "bad-address");
    fails(&ada, &set("mail.example", "ann@example.org", &["--user", "ann"]), "", 1, "bad-mail-server");
    fails(&ada, &set("mail.example", "ann@example.org", &["--authority", "/dev/zero"]), "", 2, "usage");
    assert_eq!(ada.ask(&["mail", "show"]).expect("shows")["set"], false);
    // Nobody listens there.
    set_to_nobody(&ada);
    fails(&ada, &["mail", "test"], "", 1, "mail-unreachable");
    let made = ada.ask(&["space", "invite", "Harbour", "--mail", "bo@example.org"]).expect("invites");
    assert!(made["mail"]["problem"].as_str().is_some_and(|text| text.contains("cannot be reached")), "{made}");
}

fn set_to_nobody(ada: &Peer) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port");
    set(ada, free.port());
}

#[test]
fn invitations_are_listed_and_closed() {
    let (ada, bo) = (ada(), running("Bo"));
    let invite = run(&ada, &["space", "invite", "Harbour", "--qr", "--mail", "bo@example.org"], "");
    let (text, said) = (String::from_utf8_lossy(&invite.stdout), String::from_utf8_lossy(&invite.stderr));
    assert!(text.starts_with("compeer1") && text.lines().count() == 1, "{text}");
    let code = said.lines().filter(|line| line.contains('█')).count();
    assert!(code > 20 && said.contains("\nmailto:bo@example.org?subject="), "{said}");
    let listed = ada.ask(&["space", "invitations", "Harbour"]).expect("lists");
    let id = listed[0]["id"].as_str().expect("an id");
    assert_eq!(listed[0]["mail"], "bo@example.org");
    let words = String::from_utf8(run(&ada, &["space", "invitations", "Harbour"], "").stdout).expect("UTF-8");
    assert!(words.contains(&id[..8]) && words.contains("bo@example.org") && words.contains("open"), "{words}");
    fails(&ada, &["space", "revoke", "Harbour", "aaaaaaaa"], "", 1, "invitation-not-found");
    fails(&ada, &["space", "revoke", "Harbour", &id[..7]], "", 1, "invitation-not-found");
    ada.ask(&["space", "revoke", "Harbour", &id[..8]]).expect("closes");
    assert_eq!(ada.ask(&["space", "invitations", "Harbour"]).expect("lists"), Value::Array(Vec::new()));
    assert_eq!(ada.ask(&["space", "invitations", "Harbour", "--all"]).expect("lists")[0]["state"], "revoked");
    let refused = run(&bo, &["space", "join", "-"], &text);
    assert!(!refused.status.success(), "{refused:?}");
}
