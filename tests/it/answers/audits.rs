//! Every audit on both engines, row for row.
