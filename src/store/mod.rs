//! Where policies come from, and the one snapshot that decisions are made from.
