//! Whole programs on networks of their own.
