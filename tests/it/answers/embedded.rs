//! The embedded engine over lakes as they are found.
