//! Which fields are redacted, and how.

/// What is done with the value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Treatment {
    /// An approval token or another token that authorises a result: hashed.
    Token,
    /// The action execution id: a token where the action is, or may be, an approval.
    ActionExecutionId,
    /// Every value below is redacted, whatever its shape.
    Opaque,
    /// As `Opaque`, but for an action's declaration, which lists the names of what the action will set.
    OutputVariables,
    /// A list of `{name, value}`, of which the values are redacted.
    NamedValues,
}

const TREATMENTS: [(&str, Treatment); 22] = [
    ("token", Treatment::Token),
    ("action-execution-id", Treatment::ActionExecutionId),
    ("external-execution-id", Treatment::ActionExecutionId),
    ("actionExecutionId", Treatment::ActionExecutionId),
    ("clientToken", Treatment::Opaque),
    ("continuationToken", Treatment::Opaque),
    ("nonce", Treatment::Opaque),
    ("url", Treatment::Opaque),
    ("configuration", Treatment::Opaque),
    ("resolvedConfiguration", Treatment::Opaque),
    ("commands", Treatment::Opaque),
    ("secretToken", Treatment::Opaque),
    ("secretAccessKey", Treatment::Opaque),
    ("sessionToken", Treatment::Opaque),
    ("artifactCredentials", Treatment::Opaque),
    ("outputVariables", Treatment::OutputVariables),
    ("accountCredentials", Treatment::Opaque),
    ("variables", Treatment::NamedValues),
    ("environmentVariables", Treatment::NamedValues),
    ("pipelineVariables", Treatment::NamedValues),
    ("pipeline-variables", Treatment::NamedValues),
    ("environment_variables", Treatment::NamedValues),
];

/// By length, the first letters of the names in [`TREATMENTS`], a bit each: most names end here.
const FIRST_LETTERS: [u32; 32] = {
    let mut letters = [0; 32];
    let mut i = 0;
    while i < TREATMENTS.len() {
        let name = TREATMENTS[i].0.as_bytes();
        letters[name.len()] |= 1 << (name[0] & 31);
        i += 1;
    }
    letters
};

impl Treatment {
    /// Whether a text is hashed, in an event whose action is, or may be, an approval.
    pub(super) fn is_hash(self, approval: bool) -> bool {
        self == Self::Token || approval && self == Self::ActionExecutionId
    }

    /// What is done with a field of that name, in whatever case.
    pub(super) fn of(name: &str) -> Option<Self> {
        let first = *name.as_bytes().first()?;
        if FIRST_LETTERS.get(name.len())? & (1 << (first & 31)) == 0 {
            return None;
        }
        TREATMENTS
            .iter()
            .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
            .map(|(_, treatment)| *treatment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_every_case_and_none_but_the_listed_is() {
        for (name, treatment) in TREATMENTS {
            assert_eq!(Treatment::of(name), Some(treatment));
            assert_eq!(Treatment::of(&name.to_uppercase()), Some(treatment));
            assert_eq!(Treatment::of(&name[1..]), None, "{name}");
            assert_eq!(Treatment::of(&format!("{name}s")), None, "{name}");
            // Same length and first letter.
            assert_eq!(Treatment::of(&format!("{}!", &name[..name.len() - 1])), None);
        }
        assert_eq!(Treatment::of(""), None);
        assert_eq!(Treatment::of(&"t".repeat(40)), None);
    }
}
