//! The page of the documentation.

use crate::Result;
use std::path::Path;

/// Renders.
///
/// # Errors
/// none
pub fn write(_results: &Path, _docs: &Path) -> Result<()> {
    Ok(())
}
