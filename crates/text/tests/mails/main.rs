//! Mails as they come, read by what the crate offers to others.

#[cfg(test)]
mod golden;
#[cfg(test)]
mod newsletter;
#[cfg(test)]
mod properties;
