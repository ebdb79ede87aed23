//! Results of an answer as values of four kinds.

use aws_sdk_athena::Client;
use aws_sdk_athena::types::{ColumnInfo, Datum, ResultSet, Row};

use super::error::AthenaError;
use super::running::{EndedQuery, Header};
use crate::answer::{Heading, Kind, Value};
use crate::call::{from_sdk, given};

/// The most rows that Athena gives at once, the names of the columns among them.
const PAGE: i32 = 1000;

/// The pages of an answer that is complete in Athena.
pub(crate) struct Results {
    client: Client,
    /// The query; after the first row its header is [`Header::Never`].
    pub ended: EndedQuery,
    /// The columns, until [`Pages`](crate::engine::Pages) takes them.
    pub columns: Vec<Heading>,
    /// The first page, which was needed for the columns.
    first: Option<Vec<Row>>,
    // Of the next page; none when there is none.
    token: Option<String>,
}

impl Results {
    /// Reads the first page.
    ///
    /// # Errors
    /// A refused call, or an answer without columns.
    pub(crate) async fn open(client: &Client, ended: EndedQuery) -> Result<Self, AthenaError> {
        let mut pages = Results {
            client: client.clone(),
            ended,
            columns: Vec::new(),
            first: None,
            token: None,
        };
        let set = pages.read().await?;
        let columns = set.result_set_metadata.and_then(|metadata| metadata.column_info);
        pages.columns = columns.unwrap_or_default().iter().map(column).collect();
        pages.first = Some(set.rows.unwrap_or_default());
        Ok(pages)
    }

    /// The rows of the next page; none after the last. A page may be empty.
    ///
    /// # Errors
    /// A refused call, or values that are not what their column says.
    pub(crate) async fn next(&mut self, columns: &[Heading]) -> Result<Option<Vec<Vec<Value>>>, AthenaError> {
        let rows = match (self.first.take(), &self.token) {
            (Some(rows), _) => rows,
            (None, Some(_)) => self.read().await?.rows.unwrap_or_default(),
            (None, None) => return Ok(None),
        };
        let mut rows = rows.into_iter().peekable();
        if let Some(first) = rows.peek() {
            match (self.ended.header, names(columns, first)) {
                (Header::Always, false) => {
                    let what = "its first row does not name the columns";
                    return Err(AthenaError::Answer(what.to_owned()));
                }
                (Header::Always | Header::Perhaps, true) => _ = rows.next(),
                (Header::Perhaps, false) | (Header::Never, _) => {}
            }
            self.ended.header = Header::Never;
        }
        rows.map(|row| values(columns, row)).collect::<Result<_, _>>().map(Some)
    }

    async fn read(&mut self) -> Result<ResultSet, AthenaError> {
        let call = self
            .client
            .get_query_results()
            .query_execution_id(&self.ended.id)
            .max_results(PAGE)
            .set_next_token(self.token.take());
        let page = call.send().await.map_err(from_sdk("read the answer of Athena"))?;
        self.token = page.next_token;
        Ok(given(page.result_set, "GetQueryResults", "ResultSet")?)
    }
}

fn names(columns: &[Heading], row: &Row) -> bool {
    let is_name = |(datum, column): (&Datum, &Heading)| {
        datum
            .var_char_value()
            .is_some_and(|name| name.eq_ignore_ascii_case(&column.name))
    };
    row.data().len() == columns.len() && row.data().iter().zip(columns).all(is_name)
}

fn values(columns: &[Heading], row: Row) -> Result<Vec<Value>, AthenaError> {
    let data = row.data.unwrap_or_default();
    let (found, named) = (data.len(), columns.len());
    if found > named {
        return Err(AthenaError::Answer(format!(
            "a row has {found} values for {named} columns"
        )));
    }
    let mut data = data.into_iter();
    let of = |column: &Heading| {
        // SHOW and DESCRIBE leave out what is not there.
        let datum = data.next().and_then(|datum| datum.var_char_value);
        datum.map_or(Ok(Value::Null), |text| value(column, text))
    };
    columns.iter().map(of).collect()
}

/// A column by Athena's type of it.
fn column(info: &ColumnInfo) -> Heading {
    let kind = match info.r#type() {
        "tinyint" | "smallint" | "integer" | "bigint" => Kind::Integer,
        "float" | "real" | "double" => Kind::Double,
        "boolean" => Kind::Boolean,
        // Decimals too: as a double they would change.
        _ => Kind::Text,
    };
    Heading {
        name: info.label().unwrap_or(info.name()).to_owned(),
        kind,
    }
}

fn value(column: &Heading, text: String) -> Result<Value, AthenaError> {
    let read = match column.kind {
        Kind::Text => return Ok(Value::Text(text)),
        Kind::Integer => text.parse().ok().map(Value::Integer),
        Kind::Double => text.parse().ok().map(Value::Double),
        Kind::Boolean => text.to_ascii_lowercase().parse().ok().map(Value::Boolean),
    };
    read.ok_or_else(|| AthenaError::Answer(format!("column {:?} holds {text:?}", column.name)))
}
