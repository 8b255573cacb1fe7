//! Peers that lie, stall and talk nonsense.

use std::fs;
use std::sync::Arc;

use compeer_blobs::error::{PieceError, WireError};
use compeer_blobs::piece::{Layout, PieceHasher, PieceSet};
use compeer_blobs::wire::{
    Answer, PieceHead, Request, SMALL_LEN, SmallHead, encode_answer, encode_piece_head, encode_request,
    encode_small_head,
};
use compeer_blobs::{Anyone, BlobInfo, Control, FetchError, Fetched, PieceList, ServeError, fetch, fetch_many, serve};
use tokio::io::{AsyncWriteExt, duplex, split};

use crate::support::{Home, MIB, content, info_of, parts, request, want};

/// A blob of three pieces and what an honest provider says about it.
struct Honest {
    bytes: Vec<u8>,
    info: BlobInfo,
    list: PieceList,
}

impl Honest {
    fn new() -> Self {
        let bytes = content(3 * MIB, 1);
        let layout = Layout::of(bytes.len() as u64).expect("fits");
        let hashes = (0u32..).zip(bytes.chunks(MIB)).map(|(index, piece)| {
            let mut hasher = PieceHasher::new(&layout, index);
            hasher.update(piece);
            hasher.finish()
        });
        let list = PieceList::build(layout, hashes.collect()).expect("one each");
        Self { info: info_of(&bytes), bytes, list }
    }

    fn head(&self) -> Vec<u8> {
        [&encode_answer(Answer::Here { size: self.info.size })[..], self.list.as_bytes()].concat()
    }

    fn piece(&self, index: u32) -> Vec<u8> {
        let head = encode_piece_head(PieceHead::Piece { index, len: MIB as u32 });
        [&head[..], &self.bytes[index as usize * MIB..][..MIB]].concat()
    }
}

/// Fetches from a provider that says `answer`, whatever it is asked.
async fn fetch_from(home: &Home, info: BlobInfo, answer: Vec<u8>) -> Result<Fetched, FetchError> {
    let (near, mut far) = duplex(64 * 1024);
    let provider = tokio::spawn(async move {
        request(&mut far).await;
        // The requester may have heard enough before the end.
        let _ = far.write_all(&answer).await;
    });
    let (recv, send) = split(near);
    let done = fetch(&home.store, &want(info, home.path("t")), recv, send, Control::default()).await;
    provider.await.expect("no panic");
    assert_eq!(done.is_ok(), home.path("t").exists());
    done
}

#[tokio::test]
async fn lies_about_one_blob_are_told_apart_and_nothing_is_put_in_place() {
    let honest = Honest::new();
    let end = encode_piece_head(PieceHead::End).to_vec();
    let head = |index, len| encode_piece_head(PieceHead::Piece { index, len }).to_vec();
    let say = |parts: &[&[u8]]| parts.concat();

    let mut flipped = honest.piece(1);
    flipped[8 + 12_345] ^= 4;
    let mut wrong_list = honest.head();
    wrong_list[9 + 40] ^= 1;
    let other_size = encode_answer(Answer::Here { size: honest.info.size + 1 });

    type Judge = fn(&FetchError) -> bool;
    let cases: Vec<(&str, Vec<u8>, Judge, bool)> = vec![
        (
            "flipped bit",
            say(&[&honest.head(), &honest.piece(0), &flipped, &honest.piece(2), &end]),
            |e| matches!(e, FetchError::BadPiece { index: 1 }),
            true,
        ),
        ("wrong list", wrong_list, |e| matches!(e, FetchError::BadList(PieceError::WrongList)), true),
        (
            "other size",
            other_size.to_vec(),
            |e| matches!(e, FetchError::SizeMismatch { told, .. } if *told == 3 * MIB as u64 + 1),
            false,
        ),
        (
            "boundless size",
            encode_answer(Answer::Here { size: u64::MAX }).to_vec(),
            |e| matches!(e, FetchError::SizeMismatch { .. }),
            false,
        ),
        ("not here", encode_answer(Answer::NotHere).to_vec(), |e| matches!(e, FetchError::NotServed), false),
        ("unknown status", vec![9; 9], |e| matches!(e, FetchError::Answer(WireError::Answer { code: 9 })), true),
        ("nothing", vec![], |e| matches!(e, FetchError::Stream(_)), false),
        ("half a list", honest.head()[..50].to_vec(), |e| matches!(e, FetchError::Stream(_)), false),
        (
            "half a piece",
            say(&[&honest.head(), &honest.piece(0)[..1000]]),
            |e| matches!(e, FetchError::Stream(_)),
            false,
        ),
        (
            "early end",
            say(&[&honest.head(), &honest.piece(1), &end]),
            |e| matches!(e, FetchError::Incomplete { missing: 2 }),
            false,
        ),
        (
            "changed",
            say(&[&honest.head(), &encode_piece_head(PieceHead::Changed)]),
            |e| matches!(e, FetchError::ProviderChanged),
            false,
        ),
        (
            "unknown end",
            say(&[&honest.head(), &[0xFF; 4], &[0, 0, 0, 7]]),
            |e| matches!(e, FetchError::Answer(_)),
            true,
        ),
        (
            "past the end",
            say(&[&honest.head(), &head(3, 0)]),
            |e| matches!(e, FetchError::UnexpectedPiece { index: 3 }),
            true,
        ),
        (
            "twice",
            say(&[&honest.head(), &honest.piece(0), &honest.piece(0)]),
            |e| matches!(e, FetchError::UnexpectedPiece { index: 0 }),
            true,
        ),
        (
            "backwards",
            say(&[&honest.head(), &honest.piece(1), &honest.piece(0)]),
            |e| matches!(e, FetchError::UnexpectedPiece { index: 0 }),
            true,
        ),
        (
            "too long",
            say(&[&honest.head(), &head(0, MIB as u32 + 1)]),
            |e| matches!(e, FetchError::WrongLength { .. }),
            true,
        ),
        (
            "boundless",
            say(&[&honest.head(), &head(0, u32::MAX)]),
            |e| matches!(e, FetchError::WrongLength { .. }),
            true,
        ),
        ("too short", say(&[&honest.head(), &head(0, 1), &[0]]), |e| matches!(e, FetchError::WrongLength { .. }), true),
    ];
    for (name, answer, judge, misbehaviour) in cases {
        let home = Home::new().await;
        let error = fetch_from(&home, honest.info, answer).await.expect_err(name);
        assert!(judge(&error), "{name}: {error:?}");
        assert_eq!(error.is_misbehaviour(), misbehaviour, "{name}");
        // Whatever it left behind, an honest provider completes it.
        let rest = [&honest.head()[..], &honest.piece(0), &honest.piece(1), &honest.piece(2), &end].concat();
        let store = Home::new().await;
        assert!(fetch_from(&store, honest.info, rest).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn no_byte_of_a_wrong_piece_reaches_the_disk() {
    let honest = Honest::new();
    let home = Home::new().await;
    let mut flipped = honest.piece(0);
    flipped[8] ^= 1;
    let answer = [honest.head(), flipped].concat();
    assert!(fetch_from(&home, honest.info, answer).await.is_err());
    let part = parts(home.dir.path()).pop().expect("a part file");
    assert!(fs::read(part).expect("reads").iter().all(|byte| *byte == 0));
}

#[tokio::test]
async fn data_after_the_end_is_not_read() {
    let honest = Honest::new();
    let home = Home::new().await;
    let end = encode_piece_head(PieceHead::End).to_vec();
    let mut answer = [honest.head(), honest.piece(0), honest.piece(1), honest.piece(2), end].concat();
    answer.extend(vec![7; 4 * MIB]);
    fetch_from(&home, honest.info, answer).await.expect("has all it needs");
}

#[tokio::test]
async fn a_single_piece_is_checked_against_the_name() {
    let home = Home::new().await;
    let info = info_of(b"truth");
    let head = encode_piece_head(PieceHead::Piece { index: 0, len: 5 });
    let answer = [&encode_answer(Answer::Here { size: 5 })[..], &head, b"false"].concat();
    assert!(matches!(
        fetch_from(&home, info, answer).await,
        Err(FetchError::Stream(_) | FetchError::BadPiece { index: 0 })
    ));
    let head = encode_piece_head(PieceHead::Piece { index: 0, len: 5 });
    let end = encode_piece_head(PieceHead::End);
    let answer = [&encode_answer(Answer::Here { size: 5 })[..], &head, b"false", &end].concat();
    assert!(matches!(fetch_from(&home, info, answer).await, Err(FetchError::BadPiece { index: 0 })));
}

#[tokio::test(start_paused = true)]
async fn a_silent_provider_is_given_up() {
    let honest = Honest::new();
    for said in [vec![], honest.head(), [honest.head(), honest.piece(0)[..5000].to_vec()].concat()] {
        let home = Home::new().await;
        let (near, mut far) = duplex(64 * 1024);
        let (recv, send) = split(near);
        let wanted = want(honest.info, home.path("t"));
        let provider = async {
            request(&mut far).await;
            far.write_all(&said).await.expect("sends");
            far
        };
        let (done, _far) = tokio::join!(fetch(&home.store, &wanted, recv, send, Control::default()), provider);
        assert!(matches!(done, Err(FetchError::Stalled)), "{done:?}");
    }
}

#[tokio::test]
async fn lies_about_many_blobs() {
    let small = content(1000, 2);
    let info = info_of(&small);
    let bytes = |len| encode_small_head(SmallHead::Bytes { len }).to_vec();
    type Judge = fn(&Result<Vec<Result<Fetched, FetchError>>, FetchError>) -> bool;
    let mut flipped = small.clone();
    flipped[999] ^= 0x80;
    let cases: Vec<(&str, Vec<u8>, Judge)> = vec![
        ("flipped", [bytes(1000), flipped].concat(), |r| matches!(r, Err(FetchError::BadPiece { .. }))),
        ("boundless", bytes(SMALL_LEN as u32 + 1), |r| matches!(r, Err(FetchError::WrongLength { .. }))),
        ("cut", [bytes(1000), vec![0; 10]].concat(), |r| matches!(r, Err(FetchError::Stream(_)))),
        ("nothing", vec![], |r| matches!(r, Err(FetchError::Stream(_)))),
        ("other size", [bytes(3), vec![0; 3]].concat(), |r| {
            matches!(r.as_deref(), Ok([Err(FetchError::SizeMismatch { told: 3, .. })]))
        }),
        ("too large", encode_small_head(SmallHead::TooLarge).to_vec(), |r| {
            matches!(r.as_deref(), Ok([Err(FetchError::NotServed)]))
        }),
        ("not here", encode_small_head(SmallHead::NotHere).to_vec(), |r| {
            matches!(r.as_deref(), Ok([Err(FetchError::NotServed)]))
        }),
    ];
    for (name, answer, judge) in cases {
        let home = Home::new().await;
        let (near, mut far) = duplex(64 * 1024);
        let (recv, send) = split(near);
        let wanted = [want(info, home.path("t"))];
        let (done, ()) = tokio::join!(fetch_many(&home.store, &wanted, recv, send, Control::default()), async {
            request(&mut far).await;
            far.write_all(&answer).await.expect("sends");
            drop(far);
        });
        assert!(judge(&done), "{name}: {done:?}");
        assert!(!home.path("t").exists(), "{name}");
    }
}

/// What a provider makes of bytes that a requester sends.
async fn serve_to(home: &Home, said: &[u8]) -> (Result<compeer_blobs::Served, ServeError>, Vec<u8>) {
    let (mut near, far) = duplex(1 << 20);
    let (recv, send) = split(far);
    near.write_all(said).await.expect("sends");
    near.shutdown().await.expect("closes");
    let done = serve(&home.store, Arc::new(Anyone), recv, send).await;
    let mut answer = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut near, &mut answer).await.expect("reads");
    (done, answer)
}

fn framed(request: &Request) -> Vec<u8> {
    let body = encode_request(request);
    [&(body.len() as u32).to_be_bytes()[..], &body].concat()
}

#[tokio::test]
async fn nonsense_from_a_requester_ends_its_stream() {
    let home = Home::new().await;
    let info = home.share("source", &content(3 * MIB, 3)).await;
    assert!(matches!(serve_to(&home, &[]).await.0, Ok(served) if served.bytes == 0));
    assert!(matches!(serve_to(&home, &[0, 0]).await.0, Err(ServeError::Stream(_))));
    assert!(matches!(
        serve_to(&home, &u32::MAX.to_be_bytes()).await.0,
        Err(ServeError::Request(WireError::TooLong { .. }))
    ));
    assert!(matches!(serve_to(&home, &[0, 0, 0, 1, 0xFF]).await.0, Err(ServeError::Request(WireError::Malformed))));
    assert!(matches!(serve_to(&home, &[0, 0, 0, 9, 1]).await.0, Err(ServeError::Stream(_))));

    // Another idea of the blob's size: the true one is told, and no piece.
    let request = Request::Pieces { hash: info.hash, with_list: true, wanted: PieceSet::full(4) };
    let (done, answer) = serve_to(&home, &framed(&request)).await;
    assert!(matches!(done, Ok(served) if served.pieces == 0));
    let told = [&encode_answer(Answer::Here { size: info.size })[..], &encode_piece_head(PieceHead::End)].concat();
    assert_eq!(answer, told);

    // No pieces at all are a way to ask whether somebody has a blob.
    let request = Request::Pieces { hash: info.hash, with_list: false, wanted: PieceSet::empty(3) };
    assert_eq!(serve_to(&home, &framed(&request)).await.1, told);
}

#[tokio::test(start_paused = true)]
async fn a_requester_that_stalls_is_given_up() {
    let home = Home::new().await;
    let info = home.share("source", &content(3 * MIB, 4)).await;
    let request = framed(&Request::Pieces { hash: info.hash, with_list: true, wanted: PieceSet::full(3) });
    for said in [&request[..], &request[..7], &[]] {
        let (mut near, far) = duplex(64 * 1024);
        let (recv, send) = split(far);
        near.write_all(said).await.expect("sends");
        let done = serve(&home.store, Arc::new(Anyone), recv, send).await;
        assert!(matches!(done, Err(ServeError::Stalled)), "{done:?}");
    }
}
