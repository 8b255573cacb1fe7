//! Waiting ends as soon as the condition holds, and says what it waited for when it does not.

use compeer_testkit::wait::{eventually, first};
use std::time::Duration;
use tokio::sync::mpsc;

#[tokio::test]
async fn a_condition_may_be_a_bool_an_option_or_a_result() {
    let mut asked = 0;
    eventually(Duration::from_secs(1), "true", async || true).await;
    let value = eventually(Duration::from_secs(1), "the third answer", async || {
        asked += 1;
        (asked == 3).then_some("third")
    })
    .await;
    assert_eq!(value, "third");
    assert_eq!(eventually(Duration::from_secs(1), "a result", async || Ok::<_, String>(7)).await, 7);
}

#[tokio::test]
#[should_panic(expected = "not within 100ms: peace; the last answer was \"still at war\"")]
async fn a_limit_names_the_last_answer() {
    eventually(Duration::from_millis(100), "peace", async || Err::<(), _>("still at war")).await;
}

#[tokio::test]
#[should_panic(expected = "not within 100ms: an answer")]
async fn a_question_without_an_answer_ends_too() {
    eventually(Duration::from_millis(100), "an answer", async || std::future::pending::<bool>().await).await;
}

#[tokio::test]
async fn the_first_matching_event_is_found() {
    let (send, mut events) = mpsc::channel(8);
    for number in [1, 2, 3, 4] {
        send.send(number).await.unwrap();
    }
    let found =
        first(Duration::from_secs(5), "an even number above 2", async || events.recv().await, |n| *n > 2 && n % 2 == 0);
    assert_eq!(found.await, 4);
}

#[tokio::test]
#[should_panic(expected = "the stream ended without a seven; before that came [\n    1,\n]")]
async fn an_ended_stream_tells_what_came_instead() {
    let (send, mut events) = mpsc::channel(8);
    send.send(1).await.unwrap();
    drop(send);
    first(Duration::from_secs(5), "a seven", async || events.recv().await, |n| *n == 7).await;
}
