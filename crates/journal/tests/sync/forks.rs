//! Logs in which somebody has written two histories: whoever finds out tells the others, and the author.

use compeer_journal::WriteError;

use crate::support::peers_in_a_space;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_forks_hears_so_also_from_an_older_copy() {
    let (mut peers, topic) = peers_in_a_space(3).await;
    let mut bo = peers.remove(1);
    let (ann, cy) = (&peers[0], &peers[1]);
    bo.say(topic, "before").await;
    for other in [ann, cy] {
        other.until_reads(topic, &["before"]).await;
    }
    // Bo's home is copied, goes on, is put back, and a person says that no newer copy was in use.
    let (file, copy) = (bo.dir.path().join("journal.sqlite"), bo.dir.path().join("copy"));
    bo.restart(async || {
        std::fs::copy(&file, &copy).expect("copied");
    })
    .await;
    bo.knows(ann);
    bo.knows(cy);
    bo.say(topic, "first history").await;
    for other in [ann, cy] {
        other.until_reads(topic, &["first history"]).await;
    }
    let put_back = async || {
        std::fs::remove_file(&file).expect("removed");
        std::fs::copy(&copy, &file).expect("put back");
    };
    bo.restart(put_back).await;
    bo.journal.trust_local().await.expect("trusts");
    bo.say(topic, "second history").await;
    let seq = bo.journal.heights(&topic)[&bo.device()].seq;
    bo.knows(ann);
    bo.until("it is told of the fork", |bo| bo.journal.forks(&topic).first().map(|_| ())).await;
    assert_eq!(bo.journal.append(topic, vec![1]).await, Err(WriteError::Forked));
    assert_eq!(bo.journal.holders(&topic, &bo.device(), seq), [bo.device()].into(), "nobody has the second history");
    for other in [ann, cy] {
        other.until("it has found or heard of the fork", |other| other.journal.forks(&topic).first().map(|_| ())).await;
    }

    // The copy from before all of that is told so, too, and writes nothing that nobody would take.
    bo.restart(put_back).await;
    bo.journal.trust_local().await.expect("trusts");
    assert!(bo.journal.forks(&topic).is_empty());
    bo.knows(cy);
    bo.until("the old copy is told of the fork", |bo| bo.journal.forks(&topic).first().map(|_| ())).await;
    assert_eq!(bo.journal.append(topic, vec![1]).await, Err(WriteError::Forked));
}
