//! Replication: which entries go over which link.
