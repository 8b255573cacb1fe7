//! Direct talks: started by one, there for the others by itself, and never twice.

use super::{running, tour};

#[test]
fn a_direct_talk_is_there_for_everybody_in_it() {
    let (ada, bo, mut cy) = (running("Ada"), running("Bo"), running("Cy"));
    let space = ada.ask(&["space", "create", "Harbour"]).expect("creates")["space"].clone();
    let space = space.as_str().expect("an id");
    tour::join(&ada, &bo, space, "write");
    tour::join(&ada, &cy, space, "read");
    tour::until(&bo, &["space", "members", "Harbour"], "everybody", |members| {
        members.as_array().is_some_and(|all| all.iter().any(|member| member["name"] == "Cy"))
    });

    let talk = ada.ask(&["chat", "direct", "Bo"]).expect("starts")["space"].clone();
    let talk = talk.as_str().expect("an id");
    ada.ask(&["chat", "send", "Bo", "Between the two of us."]).expect("sends, by the other's name");
    let log = tour::until(&bo, &["chat", "log", talk], "what was said", |log| log[0]["author_name"] == "Ada");
    assert_eq!(log[0]["text"], "Between the two of us.");
    let found = bo.ask(&["search", "between"]).expect("searches");
    assert_eq!((&found["results"][0]["space_name"], &found["results"][0]["space"]), (&"Ada".into(), &talk.into()));
    // Whoever asks, it is the same one.
    assert_eq!(bo.ask(&["chat", "direct", "Ada"]).expect("finds it")["space"], talk);
    assert_eq!(ada.ask(&["chat", "direct", "Bo", "Bo"]).expect("finds it")["space"], talk);
    tour::until(&bo, &["space", "list"], "its name", |list| {
        list.as_array().is_some_and(|all| all.iter().any(|one| one["space"] == talk && one["name"] == "Ada"))
    });

    // Somebody who is away comes into it later.
    cy.terminate().expect("stops");
    let three = ada.ask(&["chat", "direct", "Bo", "Cy"]).expect("starts")["space"].clone();
    let three = three.as_str().expect("an id");
    assert_ne!(three, talk);
    tour::until(&bo, &["space", "list"], "it comes to Bo", |list| list.to_string().contains(three));
    ada.ask(&["chat", "send", three, "Hello, Cy."]).expect("sends");
    assert_eq!(ada.ask(&["chat", "direct", "Cy", "Bo"]).expect("finds it")["space"], three);
    cy.up(super::ALONE).expect("starts");
    tour::until(&cy, &["chat", "log", three], "what was said", |log| log[0]["text"] == "Hello, Cy.");
    assert!(!cy.ask(&["space", "list"]).expect("lists").to_string().contains(talk), "the other one is not Cy's");
}
