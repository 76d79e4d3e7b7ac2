//! Documents read as text: those of other producers, and those made to break a reader.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod support;
