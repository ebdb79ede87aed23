//! Who made an API call, read from CloudTrail's `userIdentity`.
//!
//! Source: the record's `userIdentity` element as CloudTrail documents it. A session name is chosen
//! by whoever assumes the role (by Identity Center or the identity provider for people), so the ARN
//! always stands beside the name.

use std::fmt;

use crate::event::Event;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A person of IAM Identity Center.
    IdentityCenter,
    IamUser,
    /// A federated user (GetFederationToken, SAML or OIDC without a role).
    Federated,
    Root,
    /// A session of a role: a person by SAML or a program; the record does not tell.
    RoleSession,
    /// An AWS service with a role of its own.
    AwsService,
    Unknown,
}

impl PrincipalKind {
    /// As the lake stores it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdentityCenter => "identity_center",
            Self::IamUser => "iam_user",
            Self::Federated => "federated",
            Self::Root => "root",
            Self::RoleSession => "role_session",
            Self::AwsService => "aws_service",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The caller of an API call.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal<'e> {
    pub kind: PrincipalKind,
    /// The name to show: source identity, else session name, user name, ARN, principal id, or the
    /// user id of Identity Center; `None` where the record names nobody.
    pub name: Option<&'e str>,
    pub arn: Option<&'e str>,
    /// `principalId`
    pub id: Option<&'e str>,
    /// Account of the identity.
    pub account: Option<&'e str>,
    /// Role of a role session.
    pub role: Option<&'e str>,
    pub source_identity: Option<&'e str>,
    /// AWS service that called for the principal.
    pub invoked_by: Option<&'e str>,
    /// Whether AWS saw MFA. `None` where a "false" says nothing, because the session began at an
    /// identity provider whose MFA AWS does not see.
    pub mfa: Option<bool>,
}

/// Path of the roles that Identity Center alone can create.
const IDENTITY_CENTER_PATH: &str = "role/aws-reserved/sso.amazonaws.com/";

impl<'e> Principal<'e> {
    pub fn of(event: &'e Event<'_>) -> Self {
        let text = |path: &[&str]| {
            let mut full = vec!["detail", "userIdentity"];
            full.extend_from_slice(path);
            event.text(&full).filter(|text| !text.is_empty())
        };
        let arn = text(&["arn"]);
        let id = text(&["principalId"]);
        let issuer_arn = text(&["sessionContext", "sessionIssuer", "arn"]);
        let role = text(&["sessionContext", "sessionIssuer", "userName"]);
        let source_identity = text(&["sessionContext", "sourceIdentity"]);
        let invoked_by = text(&["invokedBy"]);
        let assumed_role = text(&["type"]) == Some("AssumedRole");
        let kind = match text(&["type"]) {
            Some("AssumedRole")
                if issuer_arn.is_some_and(|arn| {
                    arn.splitn(6, ':')
                        .nth(5)
                        .is_some_and(|r| r.starts_with(IDENTITY_CENTER_PATH))
                }) =>
            {
                PrincipalKind::IdentityCenter
            }
            // A source identity is a person's, who acts through the service.
            Some("AssumedRole")
                if source_identity.is_none()
                    && invoked_by.is_some_and(|service| service.ends_with(".amazonaws.com")) =>
            {
                PrincipalKind::AwsService
            }
            Some("AssumedRole" | "Role") => PrincipalKind::RoleSession,
            Some("IdentityCenterUser") => PrincipalKind::IdentityCenter,
            Some("IAMUser") => PrincipalKind::IamUser,
            Some("FederatedUser" | "SAMLUser" | "WebIdentityUser") => PrincipalKind::Federated,
            Some("Root") => PrincipalKind::Root,
            Some("AWSService") => PrincipalKind::AwsService,
            _ => PrincipalKind::Unknown,
        };
        let session_name = || {
            let from_arn = arn
                .filter(|arn| arn.contains(":assumed-role/"))
                .and_then(|arn| arn.splitn(3, '/').nth(2));
            from_arn
                .or_else(|| id?.split_once(':').map(|(_, name)| name))
                .filter(|_| assumed_role)
        };
        let name = source_identity
            .or_else(session_name)
            .or_else(|| text(&["userName"]))
            .or(arn)
            .or(id)
            .or_else(|| text(&["onBehalfOf", "userId"]))
            .or(invoked_by);
        let seen = event
            .at(&[
                "detail",
                "userIdentity",
                "sessionContext",
                "attributes",
                "mfaAuthenticated",
            ])
            .and_then(crate::json::Json::boolean);
        let mfa = match (kind, seen) {
            (_, Some(true)) => Some(true),
            // Long-term credentials without a session carry no MFA.
            (PrincipalKind::IamUser | PrincipalKind::Root, _) => Some(false),
            _ => None,
        };
        Self {
            kind,
            name,
            arn,
            id,
            account: text(&["accountId"]),
            role: role.filter(|_| assumed_role),
            source_identity,
            invoked_by,
            mfa,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_identity(identity: &str) -> String {
        format!(
            r#"{{"detail-type":"AWS API Call via CloudTrail","account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{{"userIdentity":{identity}}}}}"#
        )
    }

    #[track_caller]
    fn assert_principal(identity: &str, kind: PrincipalKind, name: Option<&str>, mfa: Option<bool>) {
        let text = with_identity(identity);
        let event = Event::parse(text.as_bytes()).unwrap();
        let principal = Principal::of(&event);
        assert_eq!(
            (principal.kind, principal.name, principal.mfa),
            (kind, name, mfa),
            "{identity}"
        );
    }

    #[test]
    fn identity_center_is_known_by_the_reserved_role_path_not_by_the_role_name() {
        let session = |issuer: &str| {
            format!(
                r#"{{"type":"AssumedRole","arn":"arn:aws:sts::000000000012:assumed-role/AWSReservedSSO_Ops_0123456789abcdef/dana@example.com",
                "sessionContext":{{"sessionIssuer":{{"arn":"{issuer}"}},"attributes":{{"mfaAuthenticated":"false"}}}}}}"#
            )
        };
        for path in [
            "aws-reserved/sso.amazonaws.com/",
            "aws-reserved/sso.amazonaws.com/eu-central-1/",
        ] {
            let issuer = format!("arn:aws:iam::000000000012:role/{path}AWSReservedSSO_Ops_0123456789abcdef");
            assert_principal(
                &session(&issuer),
                PrincipalKind::IdentityCenter,
                Some("dana@example.com"),
                None,
            );
        }
        let path = "arn:aws:iam::000000000012:role/x:role/aws-reserved/sso.amazonaws.com/Fake";
        assert_principal(
            &session(path),
            PrincipalKind::RoleSession,
            Some("dana@example.com"),
            None,
        );
        let forged = "arn:aws:iam::000000000012:role/AWSReservedSSO_Ops_0123456789abcdef";
        assert_principal(
            &session(forged),
            PrincipalKind::RoleSession,
            Some("dana@example.com"),
            None,
        );
    }

    #[test]
    fn source_identity_comes_before_the_session_name() {
        let identity = r#"{"type":"AssumedRole","arn":"arn:aws:sts::000000000012:assumed-role/Release/bot","sessionContext":{"sourceIdentity":"dana"}}"#;
        assert_principal(identity, PrincipalKind::RoleSession, Some("dana"), None);
    }

    #[test]
    fn each_kind_of_caller_has_a_name_where_the_record_has_one() {
        use PrincipalKind::{AwsService, Federated, IamUser, IdentityCenter, RoleSession, Root, Unknown};
        let federated = r#"{"type":"FederatedUser","arn":"arn:aws:sts::000000000012:federated-user/dana","principalId":"000000000012:dana"}"#;
        assert_principal(
            federated,
            Federated,
            Some("arn:aws:sts::000000000012:federated-user/dana"),
            None,
        );
        assert_principal(
            r#"{"type":"IAMUser","userName":"dana","arn":"arn:aws:iam::000000000012:user/dana"}"#,
            IamUser,
            Some("dana"),
            Some(false),
        );
        let mfa = r#"{"type":"IAMUser","userName":"dana","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}"#;
        assert_principal(mfa, IamUser, Some("dana"), Some(true));
        assert_principal(
            r#"{"type":"Root","arn":"arn:aws:iam::000000000012:root"}"#,
            Root,
            Some("arn:aws:iam::000000000012:root"),
            Some(false),
        );
        assert_principal(
            r#"{"type":"IdentityCenterUser","onBehalfOf":{"userId":"544894e8"}}"#,
            IdentityCenter,
            Some("544894e8"),
            None,
        );
        assert_principal(
            r#"{"type":"AWSService","invokedBy":"codepipeline.amazonaws.com"}"#,
            AwsService,
            Some("codepipeline.amazonaws.com"),
            None,
        );
        let started_by_rule =
            r#"{"type":"AssumedRole","principalId":"AROA:057ffa","invokedBy":"events.amazonaws.com"}"#;
        assert_principal(started_by_rule, AwsService, Some("057ffa"), None);
        assert_principal(
            r#"{"type":"AssumedRole","principalId":"AROA"}"#,
            RoleSession,
            Some("AROA"),
            None,
        );
        for nobody in [
            "{}",
            "null",
            "7",
            "[]",
            r#"{"type":7,"arn":{}}"#,
            r#"{"type":"Directory"}"#,
        ] {
            assert_principal(nobody, Unknown, None, None);
        }
    }
}
