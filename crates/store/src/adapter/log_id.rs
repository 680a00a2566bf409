use crate::LogId;

impl LogId {
    /// The identity of a new log.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness.
    #[must_use]
    pub fn random() -> Self {
        let mut id = [0; 12];
        getrandom::fill(&mut id).expect("the operating system has randomness");
        Self(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_another_identity_each_time() {
        let ids = [LogId::random(), LogId::random()];
        assert!(ids[0] != ids[1] && !ids.contains(&LogId::NONE));
    }
}
