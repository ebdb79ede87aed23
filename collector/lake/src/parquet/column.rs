//! Columns of a Parquet file's own schema.

use ::parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use ::parquet::schema::types::Type;
use pipetrail_collector::columns::ColumnType;

/// Whether a column of a file has values of that type.
pub(crate) fn holds(field: &Type, ty: ColumnType) -> bool {
    let Some((plain, converted)) = single(field) else {
        return false;
    };
    let text = matches!(field.get_basic_info().logical_type_ref(), Some(LogicalType::String));
    match (ty, field.get_physical_type()) {
        (ColumnType::String, Physical::BYTE_ARRAY) => text || converted == ConvertedType::UTF8,
        (ColumnType::Bigint, Physical::INT64) => plain || converted == ConvertedType::INT_64,
        (ColumnType::Boolean, Physical::BOOLEAN) => plain,
        _ => false,
    }
}

/// Whether a column has bytes that nobody calls anything.
pub(crate) fn is_bytes(field: &Type) -> bool {
    single(field).is_some_and(|(plain, _)| plain && field.get_physical_type() == Physical::BYTE_ARRAY)
}

/// Of a column with one value a row: whether nothing but its physical type is said, and its converted type.
fn single(field: &Type) -> Option<(bool, ConvertedType)> {
    let info = field.get_basic_info();
    if !field.is_primitive() || (info.has_repetition() && info.repetition() == Repetition::REPEATED) {
        return None;
    }
    let converted = info.converted_type();
    Some((
        info.logical_type_ref().is_none() && converted == ConvertedType::NONE,
        converted,
    ))
}

/// A column's type in Parquet's own words.
pub(crate) fn described(field: &Type) -> String {
    if !field.is_primitive() {
        return "nested".to_owned();
    }
    match field.get_basic_info().converted_type() {
        ConvertedType::NONE => field.get_physical_type().to_string(),
        converted => format!("{} ({converted})", field.get_physical_type()),
    }
}
