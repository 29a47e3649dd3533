//! What stands in the datagrams and certificates of others: pure readers and writers, made for
//! bytes that nobody vouches for. Nothing is sent or received here.

pub mod certificate;
pub mod der;
