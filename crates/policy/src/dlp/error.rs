//! Why rules of data loss prevention are not taken: sentences for the operator who wrote them.

/// What is wrong with the rules.
#[derive(Debug, thiserror::Error)]
pub enum DlpError {
    /// A pattern or dictionary has no words, or all have too many.
    #[error(
        "The dictionary `{dictionary}` is empty, or the dictionaries have more than {max} words together."
    )]
    DictionarySize {
        /// Its name.
        dictionary: String,
        /// Most words of all dictionaries.
        max: usize,
    },
    /// The JSON has another form.
    #[error("The rules of data loss prevention cannot be read: {0}.")]
    Form(serde_json::Error),
    /// A name has another form.
    #[error("The name `{name}` is not allowed: use 1 to {max} small letters, digits and hyphens.")]
    Name {
        /// As written.
        name: String,
        /// Longest name.
        max: usize,
    },
    /// A name is that of another detector.
    #[error("The name `{name}` is that of another detector: choose another.")]
    NameTaken {
        /// As written.
        name: String,
    },
    /// The pattern cannot be compiled.
    #[error("The pattern `{pattern}` cannot be used: {reason}.")]
    Pattern {
        /// Its name.
        pattern: String,
        /// What the engine says, without the pattern.
        reason: String,
    },
    /// The pattern finds nothing everywhere.
    #[error("The pattern `{pattern}` matches the empty text, so it would find something everywhere.")]
    PatternEmpty {
        /// Its name.
        pattern: String,
    },
    /// The pattern is too long.
    #[error("The pattern `{pattern}` is longer than {max} characters.")]
    PatternTooLong {
        /// Its name.
        pattern: String,
        /// Longest pattern in characters.
        max: usize,
    },
    /// A rule has another form.
    #[error("The rule `{rule}` cannot be read: {error}.")]
    Rule {
        /// Its name, or its place if it has none.
        rule: String,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// A rule counts from zero.
    #[error("The rule `{rule}` has the minimum 0: write 1 or leave it out.")]
    RuleMinimum {
        /// Its name.
        rule: String,
    },
    /// A rule names nothing to find.
    #[error("The rule `{rule}` names no detectors, so it would never find anything.")]
    RuleNothing {
        /// Its name.
        rule: String,
    },
    /// Recipients are known of arguments only.
    #[error(
        "The rule `{rule}` asks for recipients, which only arguments have: set `direction` to `arguments`."
    )]
    RuleRecipients {
        /// Its name.
        rule: String,
    },
    /// Two rules have one name.
    #[error("Two rules are named `{rule}`: findings could not be told apart.")]
    RuleTwice {
        /// The name.
        rule: String,
    },
    /// Too many rows.
    #[error("There are more than {max} {what}.")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// Most of them.
        max: usize,
    },
    /// A rule names a detector that does not exist.
    #[error("The rule `{rule}` names the detector `{detector}`, which does not exist.")]
    UnknownDetector {
        /// The rule.
        rule: String,
        /// As written.
        detector: String,
    },
    /// A rule names a tool that does not exist.
    #[error(
        "The rule `{rule}` names the tool `{tool}`, which does not exist and is none of read, write, send, destroy."
    )]
    UnknownTool {
        /// The rule.
        rule: String,
        /// As written.
        tool: String,
    },
    /// An entry of a dictionary is no word.
    #[error(
        "Entry {place} of the dictionary `{dictionary}` is too long, or has fewer than two letters or digits."
    )]
    Word {
        /// The dictionary.
        dictionary: String,
        /// Which entry, from 1.
        place: usize,
    },
}
