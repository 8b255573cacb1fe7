//! Many devices in one process.

use std::collections::BTreeSet;

use crate::support::{Node, echoes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_devices_link_to_their_neighbours_and_to_one_hub() {
    const COUNT: usize = 100;
    let mut nodes = Vec::new();
    for seed in 0..COUNT {
        nodes.push(Node::with_seed(100 + u8::try_from(seed).expect("small")).await);
    }
    for node in &nodes {
        for other in &nodes {
            node.admit(other);
        }
    }
    let neighbours = |n: usize| -> BTreeSet<usize> {
        [0, (n + 1) % COUNT, (n + COUNT - 1) % COUNT].into_iter().filter(|other| *other != n).collect()
    };
    for n in 0..COUNT {
        for other in neighbours(n) {
            nodes[n].learn(&nodes[other]);
        }
        nodes[n].mesh.want(neighbours(n).into_iter().map(|other| nodes[other].device()).collect());
    }
    for n in 0..COUNT {
        for other in neighbours(n) {
            let device = nodes[other].device();
            nodes[n].linked(device).await;
        }
    }
    for n in 1..COUNT {
        let link = nodes[n].link(&nodes[0]);
        assert_eq!(echoes(&link, b"hub").await, b"hub");
    }
    assert!(nodes[0].mesh.links().len() >= COUNT - 1);
    let closing: Vec<_> = nodes.iter().map(|node| node.mesh.clone()).collect();
    futures_util::future::join_all(closing.iter().map(compeer_mesh::Mesh::shutdown)).await;
}
