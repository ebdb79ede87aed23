//! Lake Formation in the audit account: whether it leaves new databases and tables to IAM.
//!
//! Where it does not (Security Lake switches that off), the template says it for its own tables. What is left is
//! somebody's right to make a database at all, which is not told apart from here.

use aws_config::SdkConfig;
use aws_sdk_lakeformation::types::PrincipalPermissions;
use pipetrail_names::audit::DATABASE;
use pipetrail_names::{AccountId, Region};
use pipetrail_stacksets::{Error, from_sdk};

use super::check::Check;

/// The check.
pub(crate) const NAME: &str = "lake-formation";

/// Lake Formation's word for whoever IAM allows.
const EVERYBODY: &str = "IAM_ALLOWED_PRINCIPALS";

/// Whether new databases, and new tables, are left to IAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Defaults {
    databases: bool,
    tables: bool,
}

/// Reads the account's settings.
///
/// # Errors
/// A refused call.
pub(super) async fn read(config: &SdkConfig, account: &AccountId) -> Result<Defaults, Error> {
    let answer = aws_sdk_lakeformation::Client::new(config)
        .get_data_lake_settings()
        .send();
    let action = format!("read the settings of Lake Formation in account {account}");
    let settings = answer.await.map_err(from_sdk(action))?.data_lake_settings;
    let settings = settings.unwrap_or_else(|| aws_sdk_lakeformation::types::DataLakeSettings::builder().build());
    Ok(Defaults {
        databases: left_to_iam(settings.create_database_default_permissions()),
        tables: left_to_iam(settings.create_table_default_permissions()),
    })
}

fn left_to_iam(defaults: &[PrincipalPermissions]) -> bool {
    defaults.iter().any(|default| {
        let principal = default.principal().and_then(|who| who.data_lake_principal_identifier());
        let is_all = |permission: &aws_sdk_lakeformation::types::Permission| permission.as_str() == "ALL";
        principal == Some(EVERYBODY) && default.permissions().iter().any(is_all)
    })
}

/// Judges them.
pub(super) fn judge(account: &AccountId, home: &Region, read: Result<Defaults, Error>) -> Check {
    let what = match read {
        Err(error) => return Check::unread(NAME, &error),
        Ok(Defaults {
            databases: true,
            tables: true,
        }) => return Check::ok(NAME, "new databases and tables are left to IAM"),
        Ok(Defaults { databases: false, .. }) => "new databases",
        Ok(_) => "new tables",
    };
    let evidence = format!(
        "in account {account} {what} are not left to IAM; the template leaves the tables of its database {DATABASE} \
         to IAM all the same"
    );
    let remedy = format!(
        "where `pipetrail apply` is refused with \"Insufficient Lake Formation permission(s)\", a data lake \
         administrator has to run `aws lakeformation grant-permissions --region {home} --permissions CREATE_DATABASE \
         --resource '{{\"Catalog\":{{}}}}' --principal DataLakePrincipalIdentifier=<ARN of the role that applies>`, \
         and once the database is there the same with `--permissions ALL --resource \
         '{{\"Database\":{{\"Name\":\"{DATABASE}\"}}}}' --principal DataLakePrincipalIdentifier={EVERYBODY}`"
    );
    Check::warning(NAME, evidence, remedy)
}

#[cfg(test)]
mod tests {
    use super::super::check::Grade;
    use super::*;
    use crate::canned;

    const ALL: &str =
        r#"[{"Principal":{"DataLakePrincipalIdentifier":"IAM_ALLOWED_PRINCIPALS"},"Permissions":["ALL"]}]"#;

    async fn judged(status: u16, answer: &str) -> Check {
        let config = canned::serve(&[("/GetDataLakeSettings", status, answer)]);
        let (account, home) = ("999988887777".parse().unwrap(), "eu-central-1".parse().unwrap());
        let defaults = read(&config, &account).await;
        judge(&account, &home, defaults)
    }

    #[tokio::test]
    async fn what_is_left_to_iam_is_well_and_what_is_not_names_the_grant() {
        let settings = |databases: &str, tables: &str| {
            format!(
                r#"{{"DataLakeSettings":{{"CreateDatabaseDefaultPermissions":{databases},"CreateTableDefaultPermissions":{tables}}}}}"#
            )
        };
        assert_eq!(judged(200, &settings(ALL, ALL)).await.verdict, Grade::Ok);
        let some = ALL.replace("ALL\"]", "SELECT\"]");
        for (databases, tables, said) in [("[]", "[]", "new databases"), (ALL, some.as_str(), "new tables")] {
            let check = judged(200, &settings(databases, tables)).await;
            assert_eq!(check.verdict, Grade::Warning);
            assert!(check.evidence.contains(said), "{}", check.evidence);
            assert!(check.remedy.unwrap().contains("grant-permissions"));
        }
        assert_eq!(judged(200, "{}").await.verdict, Grade::Warning);
        let refused = judged(400, r#"{"__type":"AccessDeniedException","Message":"no"}"#).await;
        assert_eq!(refused.verdict, Grade::Unknown);
    }
}
