//! What a person wrote: evidence, so never read as configuration.
//!
//! A reviewer may comment `{"configuration": "as agreed"}`, and a commit message may quote JSON. Only
//! known tokens and the tokens of webhooks are replaced in such a text.

/// Where in an event a value stands, as far as that says who wrote it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Envelope,
    Detail,
    Request,
    /// `result` of a decision's request.
    Decision,
    Trigger,
    /// `execution-result` of an action.
    Outcome,
    Elsewhere,
}

impl Place {
    /// Where the value of a field stands that stands here.
    pub(super) fn below(self, name: &str) -> Self {
        match (self, name) {
            (Self::Envelope, "detail") => Self::Detail,
            (Self::Detail, "requestParameters") => Self::Request,
            (Self::Detail, "execution-trigger") => Self::Trigger,
            (Self::Detail, "execution-result") => Self::Outcome,
            (Self::Request, "result") => Self::Decision,
            _ => Self::Elsewhere,
        }
    }

    /// Whether a person, or his program, chose the text of a field that stands here.
    pub(super) fn is_written(self, name: &str) -> bool {
        match self {
            Self::Detail => matches!(name, "userAgent" | "stop-execution-comments"),
            Self::Request => name == "reason",
            Self::Decision => name == "summary",
            Self::Trigger => matches!(name, "commit-message" | "author-display-name" | "author-email"),
            Self::Envelope | Self::Outcome | Self::Elsewhere => false,
        }
    }

    /// Whether a field that stands here says who called: nothing in it is replaced. A caller chooses
    /// his token, and must not erase himself with it.
    pub(super) fn is_caller(self, name: &str) -> bool {
        self == Self::Detail && name == "userIdentity"
    }

    /// Whether a field that stands here identifies the call itself.
    pub(super) fn is_call_id(self, name: &str) -> bool {
        self == Self::Detail && matches!(name, "eventID" | "requestID")
    }

    /// Whether a field that stands here names what the event is about. A name of 22 characters may be
    /// base64, so a caller could choose a token that erases it.
    pub(super) fn is_name(self, name: &str) -> bool {
        match self {
            Self::Envelope => name == "resources",
            Self::Detail => matches!(name, "resources" | "pipeline" | "stage" | "action"),
            Self::Request => matches!(name, "pipelineName" | "stageName" | "actionName"),
            _ => false,
        }
    }

    pub(super) fn is_summary(self, name: &str) -> bool {
        self == Self::Outcome && name == "external-execution-summary"
    }
}

/// Who writes an action's `external-execution-summary`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Summary {
    /// A reviewer or the author of a commit; nobody knows better where the category is missing.
    Person,
    /// The commands that ran: AWS quotes the one that failed, arguments and all.
    Commands,
    Service,
}

impl Summary {
    /// Of an action of that category and provider.
    pub(super) fn of(category: Option<&str>, provider: Option<&str>) -> Self {
        let is = |value: Option<&str>, names: &[&str]| {
            value.is_some_and(|value| names.iter().any(|name| name.eq_ignore_ascii_case(value)))
        };
        if is(category, &["Compute", "Build", "Test"]) || is(provider, &["CodeBuild", "Commands"]) {
            Self::Commands
        } else if category.is_none() || is(category, &["Approval", "Source"]) {
            Self::Person
        } else {
            Self::Service
        }
    }
}
